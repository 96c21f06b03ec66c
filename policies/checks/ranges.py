"""Numbers outside what a setting can be: a table of bounds, shared by the checks of the blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ..diagnostics import Diagnostic, error
from ..tree import Node, get, number


class Range(msgspec.Struct, frozen=True):
    """The least and the greatest value, both allowed."""

    least: float
    greatest: float


def outside(block: Node | None, *, name: str, ranges: Mapping[str, Range]) -> Iterator[Diagnostic]:
    """Reports every number of the block that is out of its range; keys are paths with dots."""
    for key, allowed in ranges.items():
        node = get(block, *key.split("."))
        value = number(node)
        if node is not None and value is not None and not allowed.least <= value <= allowed.greatest:
            message = f"{name}.{key} is {value:.10g}, and goes from {allowed.least:.10g} to {allowed.greatest:.10g}"
            yield error(node.mark, "out-of-range", message)
