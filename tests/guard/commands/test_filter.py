from __future__ import annotations

import json
from pathlib import Path

from headgate.guard.guard import Guard

from ..dialogue import WORSE
from .shell import fake, headgate

ROWS = [
    {"prompt": "How do I boil an egg?", "response": "Seven minutes."},
    {"prompt": "And now?", "response": f"That is {WORSE}."},
]


def _file(folder: Path, *extra: str) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + "".join(extra))
    return path


def test_rows_are_split_and_reported(tmp_path: Path) -> None:
    found = headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--json")
    assert found.exit_code == 0
    assert json.loads(found.stdout) == json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert json.loads((tmp_path / "out" / "kept.jsonl").read_text()) == ROWS[0]
    assert json.loads((tmp_path / "out" / "dropped.jsonl").read_text())["headgate"]["action"] == "refuse"


def test_a_row_gets_the_verdict_that_check_gives(tmp_path: Path) -> None:
    headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--policy", "default")
    note = json.loads((tmp_path / "out" / "dropped.jsonl").read_text())["headgate"]
    with Guard("default", models=fake()) as guard:
        verdict = json.loads(guard.check(ROWS[1]["prompt"], response=ROWS[1]["response"]).to_json())
    assert (note["findings"], note["policy_hash"]) == (verdict["findings"], verdict["policy_hash"])


def test_unreadable_rows_exit_1(tmp_path: Path) -> None:
    found = headgate("filter", _file(tmp_path, "oops\n"), "-o", tmp_path / "out")
    assert found.exit_code == 1
    assert "errors.jsonl" in found.stdout.replace("\n", "")


def test_stdin_can_be_filtered_but_not_resumed(tmp_path: Path) -> None:
    rows = _file(tmp_path).read_bytes()
    assert headgate("filter", "-", "-o", tmp_path / "out", input=rows).exit_code == 0
    assert len((tmp_path / "out" / "kept.jsonl").read_bytes().splitlines()) == 1
    assert headgate("filter", "-", "-o", tmp_path / "out", "--resume", input=rows).exit_code == 2


def test_an_old_run_needs_resume_or_force(tmp_path: Path) -> None:
    source, out = _file(tmp_path), tmp_path / "out"
    assert [headgate("filter", source, "-o", out, *more).exit_code for more in ([], [], ["--resume"], ["--force"])] == [
        0,
        2,
        0,
        0,
    ]
    assert headgate("filter", source, "-o", out, "--resume", "--force").exit_code == 2


def test_columns_can_be_mapped_and_lines_limited(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"q": "a", "a": "b"}\n' * 3)
    arguments = ("--map", "prompt=q", "--map", "response=a", "--limit", 2, "--json")
    report = json.loads(headgate("filter", path, "-o", tmp_path / "out", *arguments).stdout)
    assert (report["rows"], report["kept"], report["complete"], report["repeated"]) == (2, 2, False, 1)


def test_kept_rows_carry_verdicts_where_asked(tmp_path: Path) -> None:
    headgate("filter", _file(tmp_path), "-o", tmp_path / "out", "--annotate")
    assert json.loads((tmp_path / "out" / "kept.jsonl").read_text())["headgate"]["action"] == "allow"
