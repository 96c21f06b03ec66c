from __future__ import annotations

import json
from pathlib import Path

from .shell import headgate
from .test_filter import ROWS, _file


def test_all_rows_are_kept_with_their_verdicts(tmp_path: Path) -> None:
    assert headgate("tag", _file(tmp_path), "-o", tmp_path / "out").exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "out" / "tagged.jsonl").read_text().splitlines()]
    assert [row.pop("headgate")["action"] for row in rows] == ["allow", "refuse"]
    assert rows == ROWS
    assert not list((tmp_path / "out").glob("kept*"))


def test_rows_can_pass_from_stdin_to_stdout(tmp_path: Path) -> None:
    found = headgate("tag", "-", "-o", "-", input=_file(tmp_path, "oops\n").read_bytes())
    assert found.exit_code == 1
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert [row["headgate"]["action"] for row in rows] == ["allow", "refuse"]
    assert json.loads(found.stderr)["raw"] == "oops"
