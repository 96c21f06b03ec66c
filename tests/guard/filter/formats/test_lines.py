from __future__ import annotations

import gzip
import io
import json
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.filter.formats import lines as module
from headgate.guard.filter.formats.block import Block
from headgate.guard.filter.formats.lines import BOM, Lines, alike, annotated, compressed, ended
from headgate.guard.filter.note import Note
from headgate.policies.verdict import Action

from ..rows import many, write
from .whole import blocks, filtered

ROWS = st.dictionaries(
    st.text(max_size=8), st.one_of(st.text(max_size=10), st.integers(), st.none(), st.lists(st.integers()))
)


@given(ROWS, st.sampled_from(["\n", "\r\n", "", " \n"]), st.booleans())
def test_a_note_is_one_more_column_and_changes_no_other(row: dict[str, object], end: str, ascii_only: bool) -> None:
    raw = (json.dumps(row, ensure_ascii=ascii_only) + end).encode("utf-8", "surrogatepass")
    found = json.loads(annotated(raw, b'{"action":"flag"}'))
    assert found.pop("headgate") == {"action": "flag"}
    assert found == {key: value for key, value in row.items() if key != "headgate"}


def test_an_older_note_is_replaced() -> None:
    assert annotated(b'{"text": "x", "headgate": 1}\n', b"2").count(b'"headgate"') == 1


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(BOM + b'{"text": "x"}\n')
    filtered(source, tmp_path / "out", tag=True)
    assert (tmp_path / "out" / "tagged.jsonl").read_bytes().startswith(b"{")


def test_a_line_that_is_too_long_is_an_error_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST", 100)
    source = write(tmp_path / "in.jsonl", [{"text": "y" * 5000}, {"text": "short"}])
    (block,) = blocks(source)
    first, second = Lines().rows(block)
    assert first is not None
    assert second is not None
    assert "longer than" in first.error
    assert (second.number, second.fields) == (2, {"text": "short"})
    assert block.offset == source.stat().st_size


def test_blocks_hold_so_many_chosen_lines(tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [{"n": n} for n in range(10)])
    found = blocks(source, rows=2, wanted=lambda number: number % 2 == 0)
    assert [list(block.numbers) for block in found] == [[2, 4], [6, 8], [10]]


@pytest.mark.parametrize("compression", ["gz", "zst"])
def test_the_output_is_compressed_as_the_input_is_and_the_same_every_time(tmp_path: Path, compression: str) -> None:
    if compression == "zst":
        pytest.importorskip("zstandard")
    plain = write(tmp_path / "plain.jsonl", many(50))
    source = tmp_path / f"in.jsonl.{compression}"
    source.write_bytes(compressed(plain.read_bytes(), compression))
    filtered(plain, tmp_path / "plain")
    for name in ("one", "two"):
        filtered(source, tmp_path / name, rows=8, compression=compression)
    kept = tmp_path / "one" / f"kept.jsonl.{compression}"
    assert kept.read_bytes() == (tmp_path / "two" / kept.name).read_bytes()
    (block,) = blocks(kept)
    assert b"".join(block.records) == (tmp_path / "plain" / "kept.jsonl").read_bytes()


def test_what_is_compressed_holds_no_time() -> None:
    assert compressed(b"x", "gz") == compressed(b"x", "gz")
    assert gzip.decompress(compressed(b"x", "gz")) == b"x"
    assert compressed(b"", "gz") == b""


def test_a_last_line_without_an_end_gets_one() -> None:
    assert [ended(b"{}"), ended(b"{}\n"), ended(b"{}\r\n")] == [b"{}\n", b"{}\n", b"{}\r\n"]


PIECES = st.sampled_from(
    [b'{"a": 1}', b"{}", b'{"a": "x"}', b'{"a": {}}', b" ", b"", b"oops", b'{"a":', b"1}", b'{"headgate": 2}', b"\r"]
)
NOTE = Note(action=Action.ALLOW)


@given(st.lists(st.binary(max_size=9).map(lambda raw: raw.replace(b"\r", b"")), max_size=12), st.integers(1, 30))
def test_lines_are_the_same_however_much_is_read_at_a_time(lines: list[bytes], chunk: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK", chunk)
        source = Path(folder) / "in.jsonl"
        source.write_bytes(b"\n".join(lines))
        found = blocks(source, rows=3)
    with io.BytesIO(b"\n".join(lines)) as file:
        assert [raw for block in found for raw in block.records] == file.readlines()
    assert all(len(block.records) == 3 for block in found[:-1])
    assert not found or found[-1].offset == len(b"\n".join(lines))


@given(st.lists(st.lists(PIECES, max_size=3).map(b"".join), min_size=1, max_size=5))
def test_what_is_found_whole_at_once_is_whole_row_by_row(lines: list[bytes]) -> None:
    records = [line + b"\n" for line in lines]
    format = Lines(glance=True)
    block = Block(numbers=range(1, len(records) + 1), records=records)
    every = format.rows(block)
    if format.whole(block):
        assert all(row is not None and not row.error for row in every)
    elif all(line.startswith(b'{"a"') and line.count(b"{") == 1 for line in lines):
        assert not all(row is not None and not row.error for row in every)


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_a_note_beside_all_rows_at_once_is_the_note_beside_each(lines: list[bytes]) -> None:
    records = [line + b"\n" for line in lines]
    found = alike(b"".join(records), NOTE, rows=len(records))
    if found is not None:
        assert found == b"".join(annotated(raw, msgspec.json.encode(NOTE)) for raw in records)


def test_rows_that_end_in_a_text_are_annotated_at_once() -> None:
    assert alike(b'{"a": "x"}\n{"a": "}"}\n', NOTE, rows=2) is not None
    assert alike(b'{"a": "x"}', None, rows=1) == b'{"a": "x"}\n'
