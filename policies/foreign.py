"""Policies that name categories in another taxonomy's words: read as ours, at the place where they were written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..models.crosswalk import Taxonomy, imported, labels
from ..models.taxonomy import BY_SLUG, SLUGS
from .names import DIRECTIONS, LEVELS
from .tree import Entry, Fields, Node, Scalar, entries, entry, get, number, text
from .verdict import Action

TAXONOMIES: Final[Mapping[str, Taxonomy]] = {"openai": "OAI", "azure": "AZ", "llama_guard": "LG"}
"""The names under which a policy asks for a taxonomy."""

_ACTIONS: Final = {action.value: action for action in Action}
SEVERE: Final = 3
_BLOCKS: Final = ("categories", "thresholds", "guidelines")


def localised(root: Fields) -> Fields:
    """The tree with labels of its `taxonomy` in place of our categories; as it is where it names none that we know.

    A label stands for every category that it holds or may hold. Where several stand for one, the stricter line holds,
    action by action; a line that names our category itself comes first.
    """
    taxonomy = TAXONOMIES.get(text(get(root, "taxonomy")) or "")
    if taxonomy is None:
        return root
    kept = (item for item in root.entries if item.key != "taxonomy")
    return Fields(root.mark, tuple(_block(item, taxonomy) if item.key in _BLOCKS else item for item in kept))


def _block(item: Entry, taxonomy: Taxonomy) -> Entry:
    if not isinstance(item.value, Fields):
        return item
    own = [one for one in item.value.entries if one.key not in labels(taxonomy) or one.key in SLUGS]
    found: dict[str, Entry] = {}
    for one in item.value.entries:
        if one.key in labels(taxonomy):
            for slug in _slugs(one.key, taxonomy):
                meant = Entry(one.mark, slug, one.value)
                found[slug] = _stricter(found[slug], meant) if slug in found else meant
    for one in own:
        if one.key not in labels(taxonomy):
            found[one.key] = one
    return Entry(item.mark, item.key, Fields(item.value.mark, tuple(found.values())))


def _slugs(label: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    meaning = imported(taxonomy, label)
    # What the law treats apart is refused anyway; a label that only touches it has nothing to say of it.
    touched = (slug for slug in (*meaning.also, *meaning.candidates) if BY_SLUG[slug].floor < SEVERE)
    return tuple(dict.fromkeys((meaning.primary, *touched)))


def _stricter(one: Entry, other: Entry) -> Entry:
    """Of two entries for one category what is stricter in each; the first where they cannot be compared."""
    mine, theirs = number(one.value), number(other.value)
    if mine is not None and theirs is not None:
        return one if mine <= theirs else other
    if not (isinstance(one.value, Fields) and isinstance(other.value, Fields)):
        return one
    rows = tuple(
        row
        for direction in DIRECTIONS
        if (row := _row(entry(one.value, direction), entry(other.value, direction))) is not None
    )
    rest = tuple(item for item in one.value.entries if item.key not in DIRECTIONS)
    return Entry(one.mark, one.key, Fields(one.value.mark, (*rows, *rest)))


def _row(one: Entry | None, other: Entry | None) -> Entry | None:
    if one is None or other is None:
        return one or other
    mine, theirs = _levels(one.value), _levels(other.value)
    picked = tuple(
        cell for level in LEVELS if (cell := _cell(level, mine.get(level), theirs.get(level))) is not None
    )  # fmt: skip
    return Entry(one.mark, one.key, Fields(one.value.mark, picked)) if picked else one


def _levels(node: Node) -> dict[str, Node]:
    if isinstance(node, Scalar):
        return dict.fromkeys(LEVELS, node)
    return {item.key: item.value for item in entries(node)}


def _cell(level: str, one: Node | None, other: Node | None) -> Entry | None:
    if one is None or other is None:
        node = one or other
        return None if node is None else Entry(node.mark, level, node)
    mine, theirs = _ACTIONS.get(text(one) or ""), _ACTIONS.get(text(other) or "")
    node = other if mine is not None and theirs is not None and theirs > mine else one
    return Entry(node.mark, level, node)
