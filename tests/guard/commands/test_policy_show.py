from __future__ import annotations

import json
from pathlib import Path

from headgate.policies import load_policy, parse_policy

from .shell import headgate

TEXT = """version: 1
name: mine
extends: default
tenants: {acme: {input: {minor: flag}}}
routes: {"/v1/*": {on_unjudged: strict}}
"""


def _mine(folder: Path) -> Path:
    (folder / "mine.yaml").write_text(TEXT)
    return folder / "mine.yaml"


def test_what_is_in_force_for_a_tenant_is_printed_with_what_made_it_stricter(tmp_path: Path) -> None:
    path = _mine(tmp_path)
    shown = headgate("policy", "show", path, "--effective", "--tenant", "acme").stdout
    assert "# input.drugs.minor: allow -> flag (input.minor)" in shown
    assert parse_policy(shown).matrix["input"]["drugs"][1].value == "flag"


def test_a_route_has_its_overlay_too(tmp_path: Path) -> None:
    found = json.loads(headgate("policy", "show", _mine(tmp_path), "--route", "/v1/completions", "--json").stdout)
    assert set(found["on_unjudged"].values()) == {"refuse"}


def test_without_a_place_it_is_the_policy_as_it_is_written(tmp_path: Path) -> None:
    path = _mine(tmp_path)
    shown = headgate("policy", "show", path).stdout
    assert shown.startswith(f"# mine@{load_policy(path).hash}\n")
    assert parse_policy(shown).hash == load_policy(path).hash
