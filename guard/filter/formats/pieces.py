"""Joins the pieces of a run into one file: copied by the system, put in place at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from ....models.errors import HeadgateError

UNALIKE: Final = "the inputs have different columns, so they cannot share one output: --resume --split keeps them apart"


class Unalike(HeadgateError):
    """Tables with different columns cannot be one."""


def concatenate(pieces: Sequence[Path], target: Path, *, head: bytes = b"", tail: bytes = b"") -> None:
    """The target is `head`, the pieces in order and `tail`; a reader finds the old file or the whole new one."""
    draft = target.with_name(target.name + ".new")
    with draft.open("wb") as file:
        file.write(head)
        for piece in pieces:
            with piece.open("rb") as part:
                shutil.copyfileobj(part, file, 1 << 20)
        file.write(tail)
        settle(file)
    draft.replace(target)


def settle(file: BinaryIO) -> None:
    """Bring what was written to disk."""
    file.flush()
    os.fsync(file.fileno())
