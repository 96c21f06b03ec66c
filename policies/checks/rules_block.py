"""Rules and exceptions that speak of nothing, or ask for what cannot be done."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ...models.taxonomy import CATEGORIES, SLUGS
from ..diagnostics import Diagnostic, error, suggest
from ..schema import DIRECTIONS, POSSIBLE
from ..tree import Entry, Items, Node, Source, entries, get, items, text
from .texts import NAME

FLOORED = tuple(category.slug for category in CATEGORIES if category.floor >= 3)


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports odd names, unknown categories, actions out of place, and exceptions for all or for what has none."""
    for block in ("rules", "exceptions", "lists", "custom"):
        for item in entries(get(source.root, block)):
            if not NAME.fullmatch(item.key):
                hint = "letters, digits, dot, dash and underscore, 64 at most"
                yield error(item.mark, "bad-name", f"{item.key[:80]!r} cannot be a name in {block}", hint=hint)
    for item in entries(get(source.root, "rules")):
        yield from _categories(item, "rules")
        yield from misplaced(get(item.value, "action"), get(item.value, "when", "direction"), f"rules.{item.key}")
    for item in entries(get(source.root, "exceptions")):
        yield from _categories(item, "exceptions")
        yield from _exception(item)


def misplaced(action: Node | None, direction: Node | None, name: str) -> Iterator[Diagnostic]:
    """An action that one of the directions does not know; all of them where none is named."""
    word = text(action)
    named = words(direction) or DIRECTIONS
    wrong = [one for one in named if one in POSSIBLE and word is not None and word not in POSSIBLE[one]]
    known = {one for possible in POSSIBLE.values() for one in possible}
    if action is not None and wrong and word in known:
        message = f"{name} asks for {word!r}, which cannot be done with {', '.join(wrong)}"
        right = [one for one in DIRECTIONS if word in POSSIBLE[one]]
        yield error(action.mark, "misplaced-action", message, hint=f"direction: [{', '.join(right)}]")


def words(node: Node | None) -> tuple[str, ...]:
    """One word or a list of them."""
    found = [text(item) for item in items(node)] if isinstance(node, Items) else [text(node)]
    return tuple(word for word in found if word is not None)


def _categories(item: Entry, block: str) -> Iterator[Diagnostic]:
    node = get(item.value, "when", "category")
    for one in items(node) if isinstance(node, Items) else (node,):
        word = text(one)
        if one is not None and word is not None and not any(fnmatchcase(slug, word) for slug in SLUGS):
            message = f"unknown category {word!r} in {block}.{item.key}"
            yield error(one.mark, "unknown-category", message, hint=suggest(word, SLUGS))


def _exception(item: Entry) -> Iterator[Diagnostic]:
    when = get(item.value, "when")
    if when is not None and not entries(when):
        message = f"exceptions.{item.key} excuses everything"
        yield error(when.mark, "bad-exception", message, hint="say in `when` whom and what it is for")
    reason = get(item.value, "reason")
    if reason is not None and text(reason) is not None and not str(text(reason)).strip():
        yield error(reason.mark, "bad-exception", f"exceptions.{item.key} gives no reason")
    category = get(item.value, "when", "category")
    for word in words(category):
        if category is not None and word in FLOORED:
            yield error(category.mark, "category-floor", f"{word} knows no exceptions")
