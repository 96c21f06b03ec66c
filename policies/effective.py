"""What a policy says once all that it extends is laid beneath it: one tree, and an action for every cell."""

from __future__ import annotations

from functools import reduce
from typing import TypeAlias

import msgspec

from ..models.taxonomy import SLUGS
from .diagnostics import Mark
from .schema import DIRECTIONS, KINDS, LEVELS
from .tree import Entry, Fields, Node, Scalar, Source, chain, entries, entry, get, text
from .verdict import Action

OWN = frozenset({"version", "name", "extends", "taxonomy", "cases"})
"""Keys that belong to the file they stand in and are not inherited."""

OVERLAYS = ("tenants", "routes")
"""Keys under which whole trees stand that tighten this one."""

_ACTIONS = {action.value: action for action in Action}


class Cell(msgspec.Struct, frozen=True):
    """The action of one cell of the matrix, and the line that decides it."""

    action: Action
    rule: str
    mark: Mark | None


_OPEN = Cell(Action.REFUSE, "default", None)
"""A cell that only the base of all could leave open: what nobody decided is not let through."""

Row: TypeAlias = tuple[Cell, Cell, Cell]
"""The cells of severities minor, moderate and severe."""


def merged(source: Source) -> Fields:
    """The source's tree over the trees of all that it extends; nearer lines win, key by key."""
    first, *rest = chain(source)
    own = tuple(item for item in first.root.entries if item.key in OWN)
    trees = [_inheritable(first.root), *(_inheritable(base.root) for base in rest)]
    whole = reduce(lambda child, base: _laid(child, base, ()), trees)
    return Fields(first.root.mark, (*own, *whole.entries))


def overlaid(root: Fields, overlay: Node) -> Fields:
    """A whole policy's tree with the lines of a tenant or route over it, and without such overlays of its own."""
    below = Fields(root.mark, tuple(item for item in root.entries if item.key not in (*OVERLAYS, "cases")))
    return _laid(overlay, below, ()) if isinstance(overlay, Fields) else below


def cells(root: Fields) -> dict[str, dict[str, Row]]:
    """Direction and slug to the row of cells, total; a line that is not an action counts as not written."""
    return {direction: _rows(root, direction) for direction in DIRECTIONS}


def _rows(root: Fields, direction: str) -> dict[str, Row]:
    general = _row(entry(root, direction), direction, below=(_OPEN, _OPEN, _OPEN))
    categories = {item.key: entry(item.value, direction) for item in entries(get(root, "categories"))}
    return {slug: _row(categories.get(slug), f"categories.{slug}.{direction}", below=general) for slug in SLUGS}


def _row(found: Entry | None, rule: str, *, below: Row) -> Row:
    if found is None:
        return below
    one, two, three = (_cell(found, rule, level) for level in LEVELS)
    return (one or below[0], two or below[1], three or below[2])


def _cell(found: Entry, rule: str, level: str) -> Cell | None:
    line: Entry | None = found
    if isinstance(found.value, Fields):
        line, rule = entry(found.value, level), f"{rule}.{level}"
    action = _ACTIONS.get(text(line.value) or "") if line else None
    return Cell(action, rule, line.value.mark) if line and action is not None else None


def _inheritable(root: Fields) -> Fields:
    return Fields(root.mark, tuple(item for item in root.entries if item.key not in OWN))


def _over(child: Node, base: Node, path: tuple[str, ...]) -> Node:
    below = base if isinstance(base, Fields) else _spread(base, path)
    if not isinstance(child, Fields) or below is None:
        return child
    return _laid(child, below, path)


def _laid(child: Fields, base: Fields, path: tuple[str, ...]) -> Fields:
    mine = {item.key for item in child.entries}
    theirs = {item.key: item for item in base.entries}
    kept = (_beneath(item, theirs.get(item.key), path) for item in child.entries)
    return Fields(child.mark, (*kept, *(item for key, item in theirs.items() if key not in mine)))


def _beneath(mine: Entry, theirs: Entry | None, path: tuple[str, ...]) -> Entry:
    if theirs is None:
        return mine
    return Entry(mine.mark, mine.key, _over(mine.value, theirs.value, (*path, mine.key)))


def _spread(node: Node, path: tuple[str, ...]) -> Fields | None:
    """A single action as the row it stands for, and `strict` as the map it stands for; else None."""
    word = text(node)
    is_row = path[-1] in DIRECTIONS and (len(path) == 1 or path[0] == "categories")
    if is_row and word in _ACTIONS:
        return Fields(node.mark, tuple(Entry(node.mark, level, node) for level in LEVELS))
    if path == ("on_unjudged",) and word == "strict":
        refuse = Scalar(node.mark, Action.REFUSE.value)
        return Fields(node.mark, tuple(Entry(node.mark, kind, refuse) for kind in KINDS))
    return None
