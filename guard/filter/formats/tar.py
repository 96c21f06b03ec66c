"""WebDataset shards: files of one name are one sample; a verdict is one more file, `headgate.json`."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

import msgspec

from ...files import damages, open_lines
from ..note import COLUMN, Note
from .block import Block, Row, Size, Wanted
from .pieces import concatenate

_TEXTS: Final = frozenset({"txt", "text", "caption"})
_IMAGES: Final = frozenset({"jpg", "jpeg", "png", "webp", "gif", "bmp", "ppm", "tiff"})
_VIDEOS: Final = frozenset({"mp4", "webm", "mkv", "avi", "mov"})


class _Member(msgspec.Struct):
    """A file of a sample: its header as it stands in the archive, and its bytes."""

    header: bytes
    name: str
    data: bytes


class Tar:
    """Tar archives of samples."""

    suffix = ".tar"

    def blocks(self, name: str, *, size: Size, wanted: Wanted | None) -> Iterator[Block]:
        """The archive's samples in order."""
        numbers: list[int] = []
        records: list[list[_Member]] = []
        held = number = 0
        fault = ""
        faults: tuple[type[Exception], ...] = (*damages(), tarfile.TarError)
        with open_lines(name) as file:
            try:
                for number, sample in enumerate(_samples(file), start=1):
                    if wanted is not None and not wanted(number):
                        continue
                    numbers.append(number)
                    records.append(sample)
                    held += sum(len(member.data) for member in sample)
                    if len(records) >= size.rows or held >= size.bytes:
                        yield Block(numbers=numbers, records=records)
                        numbers, records, held = [], [], 0
            except faults as error:
                fault = f"damaged after sample {number}: {error}"
        if records or fault:
            yield Block(numbers=numbers, records=records, fault=fault)

    def rows(self, block: Block) -> list[Row | None]:
        """Each sample by the endings of its files; a text file is `text`, an image `image`, JSON joins the columns."""
        return [_row(number, sample) for number, sample in zip(block.numbers, block.records, strict=True)]

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        return records[:count]

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """The samples' files as they were, each followed by its note; without the mark that ends an archive."""
        for pick, note in zip(picks, notes, strict=True):
            sample = [one for one in block.records[pick] if note is None or not one.name.endswith(f".{COLUMN}.json")]
            for member in sample:
                file.write(member.header)
                _pad(file, member.data)
            if note is not None:
                data = msgspec.json.encode(note)
                info = tarfile.TarInfo(f"{_key(sample[0].name)}.{COLUMN}.json")
                info.size = len(data)
                file.write(info.tobuf(tarfile.PAX_FORMAT))
                _pad(file, data)

    def join(self, pieces: Sequence[Path], target: Path, *, source: str) -> None:
        """One archive of all pieces."""
        concatenate(pieces, target, tail=bytes(1024))


def _samples(file: BinaryIO) -> Iterator[list[_Member]]:
    sample: list[_Member] = []
    with tarfile.open(fileobj=file, mode="r|") as archive:
        for info in archive:
            if not info.isfile():
                continue
            content = archive.extractfile(info)
            data = content.read() if content is not None else b""
            if sample and _key(sample[0].name) != _key(info.name):
                yield sample
                sample = []
            sample.append(_Member(info.tobuf(tarfile.PAX_FORMAT), info.name, data))
            vars(archive)["members"] = []  # a stream would remember every header
    if sample:
        yield sample


def _key(name: str) -> str:
    """The sample's name: all before the first dot of the last part of the path."""
    path = PurePosixPath(name)
    return str(path.with_name(path.name.split(".", 1)[0]))


def _row(number: int, sample: Sequence[_Member]) -> Row:
    fields: dict[str, Any] = {"__key__": _key(sample[0].name)}
    for member in sample:
        ending = PurePosixPath(member.name).name.partition(".")[2].lower()
        kind = ending.rsplit(".", 1)[-1]
        try:
            if ending == f"{COLUMN}.json":
                continue
            if kind == "json":
                read = msgspec.json.decode(member.data)
                fields |= read if isinstance(read, dict) else {ending: read}
            elif kind in _TEXTS:
                fields["text"] = fields[ending] = member.data.decode()
            elif kind in _IMAGES or kind in _VIDEOS:
                fields["image" if kind in _IMAGES else "video"] = member.data
            else:
                fields[ending] = member.data
        except (UnicodeDecodeError, msgspec.DecodeError) as error:
            return Row(number=number, error=f"{member.name}: {error}", raw=member.name.encode())
    return Row(number=number, fields=fields, raw=fields["__key__"].encode())


def _pad(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.write(bytes(-len(data) % 512))
