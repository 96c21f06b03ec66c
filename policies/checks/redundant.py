"""Lines that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..schema import DIRECTIONS, LEVELS
from ..tree import Fields, Node, Source, chain, entries, get, text


def check(source: Source) -> Iterator[Diagnostic]:
    """Warns of a category's row that says what the direction's row in the same file says already.

    A value restated from a policy that is extended is no fault: it holds when that policy changes.
    """
    for category in entries(get(source.root, "categories")):
        for row in entries(category.value):
            general = _row(get(source.root, row.key)) if row.key in DIRECTIONS else {}
            own = _row(row.value)
            if own and own.items() <= general.items() and not _overrides(source, category.key, row.key):
                message = f"categories.{category.key}.{row.key} says what {row.key} says already"
                yield warning(row.mark, "redundant", message)


def _overrides(source: Source, category: str, direction: str) -> bool:
    bases = chain(source.base) if source.base else ()
    return any(get(base.root, "categories", category, direction) for base in bases)


def _row(node: Node | None) -> dict[str, str]:
    if isinstance(node, Fields):
        return {item.key: word for item in node.entries if (word := text(item.value)) is not None}
    word = text(node)
    return dict.fromkeys(LEVELS, word) if word is not None else {}
