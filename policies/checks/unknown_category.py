"""A category that there is not."""

from __future__ import annotations

from collections.abc import Iterator

from ...models.taxonomy import SLUGS
from ..diagnostics import Diagnostic, error, suggest
from ..schema import THRESHOLD_KEYS
from ..tree import Node, Source, entries, get, items


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every unknown category in rules, thresholds, guidelines and the scores of cases."""
    yield from _unknown(get(source.root, "categories"), SLUGS)
    yield from _unknown(get(source.root, "guidelines"), SLUGS)
    yield from _unknown(get(source.root, "thresholds"), THRESHOLD_KEYS)
    for case in items(get(source.root, "cases")):
        yield from _unknown(get(case, "scores", "categories"), SLUGS)


def _unknown(node: Node | None, names: tuple[str, ...]) -> Iterator[Diagnostic]:
    for item in entries(node):
        if item.key not in names:
            message = f"unknown category {item.key!r}"
            yield error(item.mark, "unknown-category", message, hint=suggest(item.key, names))
