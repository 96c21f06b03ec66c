from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.guard.filter.formats.pieces import Unalike
from headgate.guard.filter.run import run_filter

from ...dialogue import WORSE
from ..rows import Counting, job, read
from .whole import filtered

arrow: Any = pytest.importorskip("pyarrow")
parquet: Any = pytest.importorskip("pyarrow.parquet")


def _table(count: int = 30) -> Any:
    texts = [f"some {WORSE} news" if n % 3 == 0 else f"line {n}" for n in range(count)]
    return arrow.table(
        {
            "id": arrow.array(range(count), arrow.int16()),
            "messages": [[{"role": "user", "content": text}] for text in texts],
            "meta": arrow.array([{"quality": n / 10, "licence": "mit"} for n in range(count)]),
            "kind": arrow.array(["a"] * count).dictionary_encode(),
        }
    )


def _open(path: Path) -> Any:
    if path.suffix == ".parquet":
        return parquet.read_table(path)
    return arrow.ipc.open_file(str(path)).read_all()


def _save(table: Any, path: Path) -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(table, path, row_group_size=7)
    else:
        with arrow.ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".feather"])
def test_types_nesting_and_order_stay_as_they_are(tmp_path: Path, suffix: str) -> None:
    source = _save(_table(), tmp_path / f"in{suffix}")
    filtered(source, tmp_path / "out", rows=4)
    before, kept = _open(source), _open(tmp_path / "out" / f"kept{suffix}")
    assert kept.schema.remove_metadata().equals(before.schema.remove_metadata())
    assert kept.to_pylist() == [row for row in before.to_pylist() if row["id"] % 3]
    dropped = _open(tmp_path / "out" / f"dropped{suffix}")
    assert dropped.column_names == [*before.column_names, "headgate"]
    note = dropped.column("headgate").to_pylist()[0]
    assert (note["action"], note["severity"], note["scores"]["violence"]) == ("refuse", "severe", 0.95)


def test_the_bytes_do_not_depend_on_how_often_a_run_was_ended(tmp_path: Path) -> None:
    source = _save(_table(), tmp_path / "in.parquet")
    run_filter(job(Counting(), tmp_path / "cut", source, rows=4, limit=9))
    run_filter(job(Counting(), tmp_path / "cut", source, rows=4, resume=True))
    filtered(source, tmp_path / "whole", rows=4)
    for name in ("kept.parquet", "dropped.parquet"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_data_set_folder_stays_one(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    table = _table()
    with arrow.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), table.schema) as writer:
        writer.write_table(table)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}
    (folder / "state.json").write_bytes(msgspec.json.encode(state))
    (folder / "dataset_info.json").write_bytes(b"{}")
    report = filtered(folder, tmp_path / "out", tag=True)
    made = tmp_path / "out" / "tagged.dataset"
    (name,) = msgspec.json.decode((made / "state.json").read_bytes())["_data_files"]
    rows = arrow.ipc.open_stream(str(made / name["filename"])).read_all()
    assert (rows.num_rows, rows.column_names[-1], report.rows) == (30, "headgate", 30)


def test_a_cut_off_file_is_an_error(tmp_path: Path) -> None:
    source = _save(_table(), tmp_path / "in.parquet")
    source.write_bytes(source.read_bytes()[:-40])
    filtered(source, tmp_path / "out")
    (error,) = read(tmp_path / "out", "errors.jsonl")
    assert "damaged" in error["reason"]


def test_tables_with_other_columns_share_no_output(tmp_path: Path) -> None:
    one = _save(_table(), tmp_path / "a.parquet")
    two = _save(arrow.table({"text": ["other"]}), tmp_path / "b.parquet")
    with pytest.raises(Unalike, match="--split"):
        run_filter(job(Counting(), tmp_path / "out", one, two))
