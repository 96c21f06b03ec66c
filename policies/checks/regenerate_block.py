"""A regenerate block that cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..tree import Source, entry, get, text
from .ranges import Range, outside

_RANGES = {
    "rounds": Range(1, 20),
    "n": Range(1, 16),
    "budget.seconds": Range(0.1, 600),
    "budget.tokens": Range(1, 1_000_000),
}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports numbers out of range, and an `n` that its strategy never reads."""
    block = get(source.root, "regenerate")
    yield from outside(block, name="regenerate", ranges=_RANGES)
    strategy, drawn = text(get(block, "strategy")), entry(block, "n")
    if drawn and strategy in ("blind", "guideline"):
        message = f"regenerate.n is read by the strategy best_of_n alone, not by {strategy}"
        yield warning(drawn.mark, "unused", message)
