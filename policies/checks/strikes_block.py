"""Strikes that no store could count."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic
from ..tree import Source, get, items
from .ranges import Range, outside

_POINTS = Range(0, 1_000_000)
_RANGES = {"minor": _POINTS, "moderate": _POINTS, "severe": _POINTS, "half_life": Range(1, 366 * 86_400)}
_BAR = {"points": Range(0.001, 1_000_000), "seconds": Range(1, 366 * 86_400)}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports points and times out of range."""
    block = get(source.root, "strikes")
    yield from outside(block, name="strikes", ranges=_RANGES)
    for index, bar in enumerate(items(get(block, "refuse"))):
        yield from outside(bar, name=f"strikes.refuse[{index}]", ranges=_BAR)
