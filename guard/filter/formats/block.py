"""What every format speaks of: a block of rows, one row of it, and the protocol of a format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from ..note import Note

Wanted = Callable[[int], bool]
"""Whether the row with this number, from 1, was chosen."""


class Block(msgspec.Struct, kw_only=True):
    """Some rows of one file as its format keeps them; `numbers` are their places in the file, from 1.

    `offset` is how many bytes of the file were read once it is done. `fault` says why the file cannot be read on.
    """

    numbers: Sequence[int]
    records: Any
    offset: int = 0
    fault: str = ""


class Row(msgspec.Struct, kw_only=True):
    """One row: its columns, or the reason why there are none, and then the text or size of what stands there.

    `pick` is its place in the block.
    """

    number: int
    fields: dict[str, Any] | None = None
    error: str = ""
    raw: bytes = b""
    pick: int = 0


class Size(msgspec.Struct, frozen=True):
    """A block holds at most so many rows, and about so many bytes."""

    rows: int
    bytes: int = 16 << 20


class Format(Protocol):
    """How the rows of a family of files are read and written."""

    suffix: str

    def blocks(self, name: str, *, size: Size, wanted: Wanted | None) -> Iterator[Block]:
        """The file's rows in order; a file that breaks off ends in a block with a fault."""
        ...

    def rows(self, block: Block) -> list[Row | None]:
        """The block's rows; None stands for a blank line."""
        ...

    def first(self, records: Any, count: int) -> Any:
        """The first so many of a block's records."""
        ...

    def encode(self, block: Block, *, picks: Sequence[int], notes: Sequence[Note | None], file: BinaryIO) -> None:
        """Write the rows at `picks` with their notes as a piece: no more than `join` needs."""
        ...

    def join(self, pieces: Sequence[Path], target: Path, *, source: str) -> None:
        """One whole file of the pieces, in order; `source` is an input that says what stands around the rows."""
        ...
