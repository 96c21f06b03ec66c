"""A category that the law treats apart, made milder than refuse."""

from __future__ import annotations

from collections.abc import Iterator

from ...models.taxonomy import CATEGORIES
from ..diagnostics import Diagnostic, error
from ..effective import cells, merged
from ..schema import DIRECTIONS
from ..thresholds import FALLBACK
from ..tree import Source, get, number
from ..verdict import Action

FLOORED = tuple(category.slug for category in CATEGORIES if category.floor >= 3)


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports rows and thresholds of this file that would let such content through; nothing may loosen them."""
    matrix = cells(merged(source))
    for slug in FLOORED:
        for direction in DIRECTIONS:
            for cell in matrix[direction][slug]:
                if cell.mark and cell.mark.file == source.file and cell.action < Action.REFUSE:
                    message = f"{slug} must be refused, and {cell.rule} says {cell.action}"
                    yield error(cell.mark, "category-floor", message, hint="write refuse")
        node = get(source.root, "thresholds", slug)
        at = number(node)
        if node is not None and at is not None and at > FALLBACK:
            message = f"the threshold of {slug} may be {FALLBACK:g} at most"
            yield error(node.mark, "category-floor", message, hint="a higher one lets more of it through")
