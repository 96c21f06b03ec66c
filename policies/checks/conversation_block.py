"""A conversation block that cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic
from ..tree import Source, get
from .ranges import Range, outside

_RANGES = {"window": Range(1, 16), "decay": Range(0, 1)}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports numbers out of range."""
    yield from outside(get(source.root, "conversation"), name="conversation", ranges=_RANGES)
