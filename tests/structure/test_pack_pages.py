"""Every shipped policy has a page, and what the page says of it is so."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from headgate.policies.load import packs

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "packs"


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pack_pages", ROOT / "scripts" / "pack_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


def test_every_shipped_policy_has_a_page_and_is_named_in_the_overview() -> None:
    assert sorted(page.stem for page in PAGES.glob("*.md")) == sorted(packs())
    named = re.findall(r"\(packs/([a-z-]+)\.md\)", (ROOT / "docs" / "packs.md").read_text("utf-8"))
    assert sorted(named) == sorted(packs())


@pytest.mark.parametrize("name", packs())
def test_a_page_says_what_the_policy_says(name: str) -> None:
    above, mark, below = (PAGES / f"{name}.md").read_text("utf-8").partition(SCRIPT.MARK)
    assert above.startswith(f"# {name}\n\n")
    assert len(above.split()) > 15
    assert mark + below == SCRIPT.generated(name), "run scripts/pack_pages.py"


def test_figures_are_those_of_policies_that_there_are() -> None:
    held = json.loads(SCRIPT.MEASURED.read_text("utf-8")) if SCRIPT.MEASURED.is_file() else {"policies": {}}
    assert set(held["policies"]) <= set(packs())
    for sets in held["policies"].values():
        assert all(0 <= one[key] <= 1 for one in sets for key in ("caught", "caught_acted", "alarms", "alarms_acted"))


@pytest.mark.parametrize("name", packs())
def test_links_in_the_pages_lead_somewhere(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text("utf-8")
    assert [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (PAGES / link).exists()] == []
