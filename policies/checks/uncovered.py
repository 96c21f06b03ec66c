"""Categories that a policy watches for and no classifier assesses."""

from __future__ import annotations

from collections.abc import Iterator, Set

from ...models.taxonomy import BY_SLUG
from ..diagnostics import Diagnostic, warning
from ..tree import Source, entries, get


def check_covered(source: Source, *, covers: Set[str]) -> Iterator[Diagnostic]:
    """Warns of thresholds and rows of categories that none of the models assesses."""
    for item in entries(get(source.root, "thresholds")):
        if item.key in BY_SLUG and item.key not in covers:
            message = f"no classifier here assesses {item.key!r}, so its threshold is never reached"
            yield warning(item.mark, "uncovered", message, hint="such content is judged by `unsafe` alone")
    for item in entries(get(source.root, "categories")):
        if item.key in BY_SLUG and item.key not in covers:
            message = f"no classifier here assesses {item.key!r}, so these lines hold for lists alone"
            yield warning(item.mark, "uncovered", message, hint="such content is judged by `unsafe` alone")
