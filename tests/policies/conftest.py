from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headgate.policies.checks import diagnose
from headgate.policies.diagnostics import Diagnostic, render_all
from headgate.policies.load import source_of_text

FOLDER = Path(__file__).parents[1] / "golden" / "policies"


@pytest.fixture
def golden() -> Callable[[str], list[Diagnostic]]:
    """Holds what is said about `golden/policies/NAME.yaml` against NAME.txt; UPDATE_GOLDEN=1 writes it anew."""

    def compare(name: str) -> list[Diagnostic]:
        policy, expected = FOLDER / f"{name}.yaml", FOLDER / f"{name}.txt"
        found = diagnose(source_of_text(policy.read_text(encoding="utf-8"), file=policy.name))
        said = render_all(found) + "\n"
        if os.environ.get("UPDATE_GOLDEN") == "1":
            expected.write_text(said, encoding="utf-8")
        assert said == expected.read_text(encoding="utf-8")
        return found

    return compare
