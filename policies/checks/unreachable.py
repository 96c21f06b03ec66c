"""Lines that no content ever reaches."""

from __future__ import annotations

from collections.abc import Iterator

from ...models.taxonomy import BY_SLUG
from ..diagnostics import Diagnostic, warning
from ..schema import LEVELS
from ..tree import Entry, Source, entries, entry, get


def check(source: Source) -> Iterator[Diagnostic]:
    """Warns of rows under a category's least severity, and of attacks expected in the model's own answer."""
    for category in entries(get(source.root, "categories")):
        known = BY_SLUG.get(category.key)
        for row in entries(category.value):
            if known and known.floor:
                yield from _under(row, category.key, known.floor)
    answer = entry(get(source.root, "categories", "prompt_attack"), "output")
    if answer:
        message = "prompt_attack is looked for in what the model reads, never in its answer"
        yield warning(answer.mark, "unreachable", message)


def _under(row: Entry, slug: str, floor: int) -> Iterator[Diagnostic]:
    for item in entries(row.value):
        if item.key in LEVELS and LEVELS.index(item.key) + 1 < floor:
            message = f"{slug} is never less than {LEVELS[floor - 1]}, so this line is never reached"
            yield warning(item.mark, "unreachable", message)
