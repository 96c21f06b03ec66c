"""The raw tree of a policy file, in which every key and value knows its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from .diagnostics import Diagnostic, Mark

Value: TypeAlias = str | int | float | bool | None


class Scalar(msgspec.Struct, frozen=True):
    """A single value."""

    mark: Mark
    value: Value


class Items(msgspec.Struct, frozen=True):
    """A list of nodes."""

    mark: Mark
    items: tuple[Node, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """One `key: value` of a mapping; the mark is the key's."""

    mark: Mark
    key: str
    value: Node


class Fields(msgspec.Struct, frozen=True):
    """A mapping, in the order written, every key once."""

    mark: Mark
    entries: tuple[Entry, ...] = ()


Node: TypeAlias = Scalar | Items | Fields


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as read and not yet checked: its tree, the faults met while reading, and the policy it extends.

    `shipped` says that it comes with Headgate, whose tests hold it free of faults.
    """

    file: str
    text: str
    root: Fields
    faults: tuple[Diagnostic, ...] = ()
    base: Source | None = None
    shipped: bool = False


def chain(source: Source) -> Iterator[Source]:
    """The source and all it extends, nearest first."""
    current: Source | None = source
    while current is not None:
        yield current
        current = current.base


def entry(node: Node | None, key: str) -> Entry | None:
    """The entry of a key, or None where the node is no mapping or lacks it."""
    if not isinstance(node, Fields):
        return None
    return next((item for item in node.entries if item.key == key), None)


def get(node: Node | None, *path: str) -> Node | None:
    """The node under a path of keys, or None."""
    for key in path:
        found = entry(node, key)
        node = found.value if found else None
    return node


def entries(node: Node | None) -> tuple[Entry, ...]:
    """The entries of a mapping; none where the node is something else."""
    return node.entries if isinstance(node, Fields) else ()


def items(node: Node | None) -> tuple[Node, ...]:
    """The items of a list; none where the node is something else."""
    return node.items if isinstance(node, Items) else ()


def text(node: Node | None) -> str | None:
    """The string that a node holds, or None."""
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def number(node: Node | None) -> float | None:
    """The number that a node holds, or None; a boolean is none."""
    if isinstance(node, Scalar) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return node.value
    return None


def plain(node: Node) -> object:
    """The tree as dicts, lists and values, ready for msgspec."""
    match node:
        case Fields():
            return {item.key: plain(item.value) for item in node.entries}
        case Items():
            return [plain(item) for item in node.items]
        case Scalar():
            return node.value
