"""A folder of texts, images or videos: each file is a row, and the outputs are lists of files with their verdicts.

The files are linked into a folder beside the list, under their own names (copied where the disk cannot link).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from ..note import COLUMN, Note
from .block import Block, Row, Size, Wanted
from .pieces import concatenate

TEXTS: Final = frozenset({".txt", ".md", ".text"})
IMAGES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
VIDEOS: Final = frozenset({".mp4", ".webm", ".mkv", ".avi", ".mov"})
SUFFIXES: Final = TEXTS | IMAGES | VIDEOS
LARGEST: Final = 256 << 20
"""Bytes of one file: a larger one is an error, so that memory stays bounded."""


class Folder:
    """Files of one folder and those below it."""

    suffix = ".files.jsonl"

    def blocks(self, name: str, *, size: Size, wanted: Wanted | None) -> Iterator[Block]:
        """The files by their names, in order; their bytes are read by whoever judges them."""
        root = Path(name)
        numbers: list[int] = []
        records: list[str] = []
        held = offset = 0
        files = sorted(one for one in root.rglob("*") if one.is_file() and one.suffix.lower() in SUFFIXES)
        for number, path in enumerate(files, start=1):
            if wanted is not None and not wanted(number):
                continue
            numbers.append(number)
            records.append(str(path.absolute()))
            held += path.stat().st_size
            offset += path.stat().st_size
            if len(records) >= size.rows or held >= size.bytes:
                yield Block(numbers=numbers, records=(str(root.absolute()), records), offset=offset)
                numbers, records, held = [], [], 0
        if records:
            yield Block(numbers=numbers, records=(str(root.absolute()), records), offset=offset)

    def rows(self, block: Block) -> list[Row | None]:
        """Each file: `file` is its name inside the folder, and what is in it is `text`, `image` or `video`."""
        root, records = block.records
        return [_row(number, Path(path), root) for number, path in zip(block.numbers, records, strict=True)]

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        return (records[0], records[1][:count])

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """A JSON line a file."""
        root, records = block.records
        for pick, note in zip(picks, notes, strict=True):
            row: dict[str, Any] = {"file": os.path.relpath(records[pick], root)}
            if note is not None:
                row[COLUMN] = note
            file.write(msgspec.json.encode(row) + b"\n")

    def join(self, pieces: Sequence[Path], target: Path, *, source: str) -> None:
        """The list, and beside it the folder with the files."""
        concatenate(pieces, target)
        place = target.with_name(target.name.removesuffix(".jsonl"))
        root = Path(source).absolute()
        with target.open("rb") as lines:
            for line in lines:
                name = msgspec.json.decode(line)["file"]
                _link(root / name, place / name)


def _row(number: int, path: Path, root: str) -> Row:
    name = os.path.relpath(path, root)
    suffix = path.suffix.lower()
    field = "text" if suffix in TEXTS else "image" if suffix in IMAGES else "video"
    try:
        if path.stat().st_size > LARGEST:
            return Row(number=number, error=f"larger than {LARGEST >> 20} MiB", raw=name.encode())
        data = path.read_bytes()
        content: str | bytes = data.decode("utf-8-sig") if field == "text" else data
    except (OSError, UnicodeDecodeError) as error:
        return Row(number=number, error=f"cannot be read: {error}", raw=name.encode("utf-8", "backslashreplace"))
    return Row(number=number, fields={"file": name, field: content}, raw=name.encode())


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
