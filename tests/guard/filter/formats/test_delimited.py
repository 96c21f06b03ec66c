from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from headgate.guard.filter.formats.pieces import Unalike
from headgate.guard.filter.run import run_filter

from ...dialogue import WORSE
from ..rows import Counting, job, read
from .whole import filtered

ROWS = [
    {"id": "1", "text": 'A "quoted" line,\nof two'},
    {"id": "2", "text": f"some {WORSE} news"},
    {"id": "3", "text": "plain"},
]


def _table(path: Path, rows: list[dict[str, str]] = ROWS, *, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _read(path: Path, *, delimiter: str = ",") -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("rows", [1, 100])
def test_a_table_stays_a_table_whatever_its_shards(tmp_path: Path, rows: int) -> None:
    filtered(_table(tmp_path / "in.csv"), tmp_path / "out", rows=rows)
    assert _read(tmp_path / "out" / "kept.csv") == [ROWS[0], ROWS[2]]
    (dropped,) = _read(tmp_path / "out" / "dropped.csv")
    assert list(dropped)[:3] == ["id", "text", "headgate_action"]
    assert (dropped["headgate_action"], dropped["headgate_severity"]) == ("refuse", "severe")


def test_tabs_and_compression_are_kept(tmp_path: Path) -> None:
    tabbed = _table(tmp_path / "in.tsv", delimiter="\t")
    filtered(tabbed, tmp_path / "tabs", rows=1)
    assert _read(tmp_path / "tabs" / "kept.tsv", delimiter="\t") == [ROWS[0], ROWS[2]]
    packed = tmp_path / "in.csv.gz"
    packed.write_bytes(gzip.compress(_table(tmp_path / "in.csv").read_bytes()))
    filtered(packed, tmp_path / "packed", rows=1, compression="gz")
    assert _read(tmp_path / "packed" / "kept.csv.gz") == [ROWS[0], ROWS[2]]


def test_rows_that_do_not_fit_are_errors(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"id,text\n1,fine\n2\n3,a,b\n4,\xff\n\n5,good\n")
    report = filtered(source, tmp_path / "out")
    errors = read(tmp_path / "out", "errors.jsonl")
    assert [error["line"] for error in errors] == [2, 3, 4]
    assert "1 cells for 2 columns" in errors[0]["reason"]
    assert (report.kept, report.blank) == (2, 1)


def test_tables_with_other_columns_share_no_output(tmp_path: Path) -> None:
    one, two = _table(tmp_path / "a.csv"), _table(tmp_path / "b.csv", [{"text": "other", "more": "x"}])
    with pytest.raises(Unalike, match="--split"):
        run_filter(job(Counting(), tmp_path / "out", one, two))
    run_filter(job(Counting(), tmp_path / "out", one, two, resume=True, split=True))
    assert _read(tmp_path / "out" / "kept.00001.csv") == [{"text": "other", "more": "x"}]
