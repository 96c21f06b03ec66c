"""JSON lines, plain or compressed: rows keep their bytes, a verdict is one more column at the end."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from ...files import damages, open_lines
from ..note import COLUMN, Note
from .block import Block, Row, Size, Wanted
from .pieces import concatenate

BOM: Final = b"\xef\xbb\xbf"
LONGEST: Final = 64 << 20
"""Bytes of one line: a longer one is an error, cut here so that memory stays bounded."""

_DECODER: Final = msgspec.json.Decoder(dict[str, Any])


class _Any(msgspec.Struct):
    """A JSON object that nobody looks into."""

    headgate: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_GLANCE: Final = msgspec.json.Decoder(_Any)


class Lines:
    """JSON lines; `compression` is that of the output: '', 'gz' or 'zst'."""

    def __init__(self, compression: str = "", *, glance: bool = False) -> None:
        self.compression = compression
        self.glance = glance
        self.suffix = ".jsonl" + (f".{compression}" if compression else "")

    def blocks(self, name: str, *, size: Size, wanted: Wanted | None) -> Iterator[Block]:
        """The file's lines in order; lines longer than LONGEST are cut, which `rows` reports."""
        numbers: list[int] = []
        records: list[bytes] = []
        held = offset = number = 0
        fault = ""
        with open_lines(name) as file:
            try:
                while raw := file.readline(LONGEST + 1):
                    number += 1
                    offset += len(raw)
                    if len(raw) > LONGEST:
                        offset += _skip(file)
                    if wanted is not None and not wanted(number):
                        continue
                    numbers.append(number)
                    records.append(raw)
                    held += len(raw)
                    if len(records) >= size.rows or held >= size.bytes:
                        yield Block(numbers=numbers, records=records, offset=offset)
                        numbers, records, held = [], [], 0
            except damages() as error:
                fault = f"damaged after line {number}: {error}"
        if records or fault:
            yield Block(numbers=numbers, records=records, offset=offset, fault=fault)

    def rows(self, block: Block) -> list[Row | None]:
        """Each line decoded; a byte order mark before the first is left out."""
        read = self._glance if self.glance else _read
        pairs = zip(block.numbers, block.records, strict=True)
        return [read(number, raw) if not raw.isspace() else None for number, raw in pairs]

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        return records[:count]

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """Rows without a note keep their bytes; the others get one more column."""
        out: list[bytes] = []
        # Most rows of a run share few notes, so each is written out once.
        written: dict[int, bytes] = {}
        for pick, note in zip(picks, notes, strict=True):
            raw = block.records[pick]
            if block.numbers[pick] == 1 and note is not None:
                raw = raw.removeprefix(BOM)
            if note is None:
                out.append(ended(raw))
                continue
            tail = written.get(id(note))
            if tail is None:
                tail = written[id(note)] = msgspec.json.encode(note)
            # What most lines end in: cut and joined without a look at the rest.
            plain = raw.endswith(b'"}\n') and b'headgate"' not in raw
            out.append(b'%s, "headgate": %s}\n' % (raw[:-2], tail) if plain else annotated(raw, tail))
        file.write(compressed(b"".join(out), self.compression))

    def join(self, pieces: Sequence[Path], target: Path, *, source: str) -> None:
        """The pieces one after the other: members of gzip and frames of zstd may follow each other."""
        concatenate(pieces, target)

    @staticmethod
    def _glance(number: int, raw: bytes) -> Row:
        try:
            _GLANCE.decode(raw.removeprefix(BOM) if number == 1 else raw)
            return Row(number=number, fields={})
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Row(number=number, error=f"not a JSON object: {error}", raw=raw)


def annotated(raw: bytes, note: bytes) -> bytes:
    """The line with an encoded note as its last column; the row's own columns keep their bytes."""
    # The search is quick and almost always fails: only then is the row decoded.
    if b'headgate"' in raw and COLUMN in (row := _DECODER.decode(raw)):
        return msgspec.json.encode({**row, COLUMN: msgspec.Raw(note)}) + b"\n"
    body = raw.rstrip()[:-1].rstrip()
    comma = b"" if body.endswith(b"{") else b", "
    return b'%s%s"headgate": %s}\n' % (body, comma, note)


def ended(raw: bytes) -> bytes:
    """The line with its own ending, or with one where the file's last line has none."""
    return raw if raw.endswith(b"\n") else raw + b"\n"


def compressed(data: bytes, compression: str) -> bytes:
    """The bytes as one member or frame; the same bytes every time."""
    if not data or not compression:
        return data
    if compression == "gz":
        return gzip.compress(data, 6, mtime=0)
    import zstandard

    return zstandard.ZstdCompressor(level=3).compress(data)


def _read(number: int, raw: bytes) -> Row:
    line = raw.removeprefix(BOM) if number == 1 else raw
    if len(raw) > LONGEST:
        return Row(number=number, error=f"longer than {LONGEST >> 20} MiB", raw=raw)
    try:
        return Row(number=number, fields=_DECODER.decode(line), raw=raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Row(number=number, error=f"not a JSON object: {error}", raw=raw)


def _skip(file: BinaryIO) -> int:
    """Reads the rest of a line that is too long; gives its bytes."""
    count = 0
    while rest := file.readline(1 << 20):
        count += len(rest)
        if rest.endswith(b"\n"):
            break
    return count
