from __future__ import annotations

import json
from pathlib import Path

from ..dialogue import BAD
from .shell import headgate


def _rows(folder: Path, safe: int) -> Path:
    rows = [{"prompt": f"Fine question {number}.", "label": "safe"} for number in range(safe)]
    rows += [{"prompt": f"A {BAD} question.", "label": "unsafe"}] * 3
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_threshold_is_found_and_the_policy_is_left_alone(tmp_path: Path) -> None:
    policy = tmp_path / "mine.yaml"
    policy.write_text("version: 1\nname: mine\nextends: default\n")
    found = headgate("policy", "calibrate", policy, "--on", _rows(tmp_path, 99), "--fpr", "0.01")
    assert found.exit_code == 0, found.output
    assert "+thresholds: {default: 0.0001}" in found.stdout
    assert "3 harmful" in found.stdout
    assert "thresholds" not in policy.read_text()


def test_the_patch_goes_to_a_file_where_one_is_named(tmp_path: Path) -> None:
    rows, patch = _rows(tmp_path, 99), tmp_path / "p.patch"
    found = headgate("policy", "calibrate", "--on", rows, "--category", "violence", "-o", patch, "--json")
    body = json.loads(found.stdout)
    assert [one["key"] for one in body["thresholds"]] == ["default", "violence"]
    assert patch.read_text() == body["patch"]
    assert "extends: default" in patch.read_text()


def test_too_few_examples_are_told_with_how_many_it_takes(tmp_path: Path) -> None:
    found = headgate("policy", "calibrate", "--on", _rows(tmp_path, 98), "--fpr", "0.01")
    assert found.exit_code == 1
    assert "98 harmless examples are too few for 0.01: at least 99 are needed" in found.stdout


def test_an_unknown_category_is_a_usage_error(tmp_path: Path) -> None:
    found = headgate("policy", "calibrate", "--on", _rows(tmp_path, 1), "--category", "nope")
    assert (found.exit_code, "write one of" in found.stderr) == (2, True)
