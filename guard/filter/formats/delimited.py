"""CSV and TSV: every column a text, quotes as they are read, verdicts as flat columns at the end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from ...files import damages, open_lines
from ..note import FLAT, Note, flat
from .block import Block, Row, Size, Wanted
from .lines import BOM, compressed
from .pieces import UNALIKE, Unalike, concatenate

LONGEST: Final = 16 << 20
"""Characters of one field."""


class _Record(msgspec.Struct):
    """One record of a table whose columns are named, or why it is none."""

    cells: list[str]
    heads: tuple[str, ...]
    error: str = ""


class Delimited:
    """Tables of text whose first row names the columns."""

    def __init__(self, delimiter: str = ",", *, suffix: str = ".csv", compression: str = "") -> None:
        self.delimiter = delimiter
        self.compression = compression
        self.suffix = suffix + (f".{compression}" if compression else "")

    def blocks(self, name: str, *, size: Size, wanted: Wanted | None) -> Iterator[Block]:
        """The table's records, counted from 1 after its head."""
        numbers: list[int] = []
        records: list[_Record] = []
        held = offset = number = 0
        fault = ""
        csv.field_size_limit(LONGEST)
        with open_lines(name) as file:
            lines = _Lines(file)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            try:
                heads = tuple(next(reader, []))
                for number, record in enumerate(_records(reader, heads, lines), start=1):
                    if wanted is not None and not wanted(number):
                        continue
                    numbers.append(number)
                    records.append(record)
                    held += sum(map(len, record.cells)) + 64
                    if len(records) >= size.rows or held >= size.bytes:
                        yield Block(numbers=numbers, records=records, offset=lines.bytes)
                        numbers, records, held = [], [], 0
            except damages() as error:
                fault = f"damaged after row {number}: {error}"
            offset = lines.bytes
        if records or fault:
            yield Block(numbers=numbers, records=records, offset=offset, fault=fault)

    def rows(self, block: Block) -> list[Row | None]:
        """Each record by its columns; one with too many or too few cells is an error."""
        found: list[Row | None] = []
        for number, record in zip(block.numbers, block.records, strict=True):
            if not record.cells and not record.error:
                found.append(None)
                continue
            error = record.error or _misfit(record)
            raw = self.delimiter.join(record.cells).encode("utf-8", "surrogateescape")
            fields = None if error else dict(zip(record.heads, record.cells, strict=True))
            found.append(Row(number=number, fields=fields, error=error, raw=raw))
        return found

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        return records[:count]

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """Records, each with its note's columns where it has one, after a line that names the columns."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        heads = list(block.records[picks[0]].heads)
        own = [at for at, head in enumerate(heads) if head not in FLAT or notes[0] is None]
        writer.writerow([heads[at] for at in own] + ([] if notes[0] is None else list(FLAT)))
        for pick, note in zip(picks, notes, strict=True):
            cells = block.records[pick].cells
            writer.writerow([cells[at] for at in own] + ([] if note is None else list(flat(note).values())))
        file.write(compressed(text.getvalue().encode("utf-8", "surrogateescape"), self.compression))

    def join(self, pieces: Sequence[Path], target: Path, *, source: str) -> None:
        """The pieces with the line of names once; Unalike where they have different columns."""
        bodies = [pieces[0]]
        head = _first_line(pieces[0], self.compression)
        for piece in pieces[1:]:
            body = piece.with_name(piece.name + ".body")
            with open_piece(piece, self.compression) as file, body.open("wb") as out:
                if file.readline() != head:
                    raise Unalike(UNALIKE)
                while data := file.read(1 << 20):
                    out.write(compressed(data, self.compression))
            bodies.append(body)
        concatenate(bodies, target)
        for body in bodies[1:]:
            body.unlink()


def open_piece(piece: Path, compression: str) -> BinaryIO:
    """The bytes of a piece, decompressed; its name need not say how it is compressed."""
    if not compression:
        return piece.open("rb")
    import gzip

    if compression == "gz":
        return io.BytesIO(gzip.decompress(piece.read_bytes()))
    import zstandard

    with piece.open("rb") as file:
        return io.BytesIO(zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read())


def _first_line(piece: Path, compression: str) -> bytes:
    with open_piece(piece, compression) as file:
        return file.readline()


class _Lines:
    """The text lines of a file with the bytes read so far; bytes that are no UTF-8 are kept as surrogates."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(LONGEST)
        if not raw:
            raise StopIteration
        if self.bytes == 0:
            raw = raw.removeprefix(BOM)
        self.bytes += len(raw)
        return raw.decode("utf-8", "surrogateescape")


def _records(reader: Iterator[list[str]], heads: tuple[str, ...], lines: _Lines) -> Iterator[_Record]:
    while True:
        try:
            cells = next(islice(reader, 1), None)
        except csv.Error as error:
            yield _Record([], heads, f"not a row of a table: {error}")
            continue
        if cells is None:
            return
        yield _Record(cells, heads)


def _misfit(record: _Record) -> str:
    if len(record.cells) != len(record.heads):
        return f"{len(record.cells)} cells for {len(record.heads)} columns"
    if any("\udc80" <= sign <= "\udcff" for cell in record.cells for sign in cell):
        return "not UTF-8"
    return ""
