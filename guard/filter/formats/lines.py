"""JSON lines, plain or compressed: rows keep their bytes, a verdict is one more column at the end."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from ...files import damages, open_lines, read_of
from ..note import COLUMN, Note
from .block import Block, Row, Size, Wanted
from .pieces import concatenate

BOM: Final = b"\xef\xbb\xbf"
LONGEST: Final = 64 << 20
"""Bytes of one line: a longer one is an error, cut here so that memory stays bounded."""

CHUNK: Final = 1 << 20
"""Bytes that are read at a time."""

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
                for lines in _batches(file):
                    weight = sum(map(len, lines.found))
                    if wanted is None and len(records) + len(lines.found) < size.rows and held + weight < size.bytes:
                        # All of them fit: no need to look at each.
                        numbers += range(number + 1, number + 1 + len(lines.found))
                        records += lines.found
                        number, offset, held = number + len(lines.found), offset + weight + lines.skipped, held + weight
                        continue
                    offset += lines.skipped
                    for raw in lines.found:
                        number += 1
                        offset += len(raw)
                        if wanted is not None and not wanted(number):
                            continue
                        numbers.append(number)
                        records.append(raw)
                        held += len(raw)
                        if len(records) >= size.rows or held >= size.bytes:
                            yield Block(numbers=numbers, records=records, offset=read_of(file, offset))
                            numbers, records, held = [], [], 0
            except damages() as error:
                fault = f"damaged after line {number}: {error}"
            offset = read_of(file, offset)
        if records or fault:
            yield Block(numbers=numbers, records=records, offset=offset, fault=fault)

    def rows(self, block: Block) -> list[Row | None]:
        """Each line decoded; a byte order mark before the first is left out."""
        read = self._glance if self.glance else _read
        pairs = zip(block.numbers, block.records, strict=True)
        return [read(number, raw) if not raw.isspace() else None for number, raw in pairs]

    def whole(self, block: Block) -> bool:
        """Whether all rows can be read and none is blank, found out at once; False where each must be looked at."""
        data = b"".join(block.records)
        # In JSON no brace that closes is followed by one that opens: so no row is two lines, and no line two rows.
        if not data.startswith(b"{") or data.count(b"}\n{") != len(block.records) - 1:
            return False
        try:
            return len(_GLANCE.decode_lines(data)) == len(block.records)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        return records[:count]

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """Rows without a note keep their bytes; the others get one more column."""
        if len(picks) == len(block.records) and notes.count(notes[0]) == len(notes):
            data = alike(b"".join(block.records), notes[0], rows=len(picks))
            if data is not None:
                file.write(compressed(data, self.compression))
                return
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


def alike(data: bytes, note: Note | None, *, rows: int) -> bytes | None:
    """Lines of rows with one and the same note beside each, all at once; None where each must be looked at."""
    if note is None:
        return ended(data)
    if data.startswith(BOM) or b'headgate"' in data:
        return None
    # A line break never stands inside a row, so these two before one always end a row whose last value is a text.
    pieces = data.split(b'"}\n')
    if len(pieces) != rows + 1:
        return None
    return (b'", "headgate": %s}\n' % msgspec.json.encode(note)).join(pieces)


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


class _Batch(msgspec.Struct):
    """Some whole lines, and the bytes of a line that was too long and cut."""

    found: list[bytes]
    skipped: int = 0


def _batches(file: BinaryIO) -> Iterator[_Batch]:
    """The lines of a file, many at a time; of one longer than LONGEST its start."""
    rest: list[bytes] = []
    held = skipped = 0
    while data := file.read1(CHUNK):  # type: ignore[attr-defined]
        cut = data.rfind(b"\n") + 1
        if cut:
            first = data.find(b"\n") + 1
            if held > LONGEST:
                skipped += first
                yield _Batch([b"".join(rest), *io.BytesIO(data[first:cut]).readlines()], skipped)
            else:
                yield _Batch(io.BytesIO(b"".join((*rest, data[:cut]))).readlines())
            rest, held, skipped = [], 0, 0
        tail = data[cut:]
        if held > LONGEST:
            skipped += len(tail)
        elif tail:
            rest.append(tail)
            held += len(tail)
    if rest:
        yield _Batch([b"".join(rest)], skipped)
