from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from headgate.models.errors import ConfigError
from headgate.policies.compile import load_policy
from headgate.policies.patch import threshold_patch
from headgate.policies.thresholds import Number, Rate

BEFORE = """version: 1
name: mine
# Found by hand.
thresholds:
  default: 0.5
  drugs: {fpr: 0.02}

# The rest.
mode: enforce
"""


def _applied(folder: Path, patch: str) -> None:
    subprocess.run(["patch", "-p0", "-d", "/"], input=patch.encode(), check=True, capture_output=True, cwd=folder)


def test_the_patch_sets_what_was_found_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(BEFORE)
    patch = threshold_patch(path, {"default": 0.61, "violence": 0.7})
    assert path.read_text() == BEFORE
    _applied(tmp_path, patch)
    plan = load_policy(path).thresholds
    assert (plan.default, plan.categories) == (Number(0.61), {"drugs": Rate(0.02), "violence": Number(0.7)})
    assert "# Found by hand.\n" in path.read_text()
    assert "\n# The rest.\nmode: enforce\n" in path.read_text()


def test_a_policy_without_thresholds_gets_some_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\nname: mine\n")
    _applied(tmp_path, threshold_patch(path, {"default": 0.61}))
    assert load_policy(path).thresholds.default == Number(0.61)


def test_a_shipped_policy_is_extended_by_a_new_file() -> None:
    patch = threshold_patch("strict", {"default": 0.61})
    assert patch.startswith("--- /dev/null\n+++ strict-calibrated.yaml\n")
    assert "+extends: strict\n+thresholds: {default: 0.61}\n" in patch


def test_what_changes_nothing_is_no_patch_and_what_cannot_be_patched_is_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\nthresholds: {default: 0.5}\n")
    assert threshold_patch(path, {"default": 0.5}) == ""
    path.write_text("{version: 1, thresholds: {default: 0.5}}\n")
    with pytest.raises(ConfigError, match="a key a line"):
        threshold_patch(path, {"default": 0.6})
