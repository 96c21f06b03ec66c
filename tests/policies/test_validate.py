from __future__ import annotations

from pathlib import Path

import pytest

from headgate.policies.load import packs
from headgate.policies.validate import validate


@pytest.mark.parametrize("name", packs())
def test_the_shipped_packs_have_neither_faults_nor_warnings(name: str) -> None:
    assert validate(name) == []


def test_faults_are_returned_and_not_raised(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    path.write_text("version: 1\nmode: loud\nthresholds: {drugs: 0.5}\n")
    assert [fault.code for fault in validate(path)] == ["unknown-choice"]
    assert [fault.code for fault in validate(path, covers={"violence"})] == ["unknown-choice", "uncovered"]
