"""A stream block that cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..tree import Source, get, number, text
from .ranges import Range, outside

_RANGES = {"max_exposed_chars": Range(0, 100_000)}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports numbers out of range, and an exposure that holding the whole answer never allows."""
    block = get(source.root, "stream")
    yield from outside(block, name="stream", ranges=_RANGES)
    node = get(block, "max_exposed_chars")
    if node and text(get(block, "hold")) == "answer" and (number(node) or 0) > 0:
        yield warning(node.mark, "unused", "nothing is exposed while the whole answer is held", hint="hold: sentence")
