"""`${NAME}` and `${NAME:-default}` in a tree of settings, taken from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from ..policies.diagnostics import Diagnostic, Mark, error
from ..policies.tree import Entry, Fields, Items, Node, Scalar

_REFERENCE: Final = re.compile(r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|(?P<open>\$\{)")


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A tree with its references replaced, the faults met, and the places of the values that came so."""

    root: Fields
    faults: tuple[Diagnostic, ...] = ()
    places: frozenset[Mark] = frozenset()


def filled(root: Fields, environment: Mapping[str, str]) -> Filled:
    """The tree with every reference replaced by its text; `$$` is a dollar sign.

    A key whose whole value is a reference to nothing (unset or empty, with an empty default) is left out, as if it
    were not written.
    """
    work = _Filling(environment)
    found = work.fields(root)
    return Filled(root=found, faults=tuple(work.faults), places=frozenset(work.places))


class _Filling:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.faults: list[Diagnostic] = []
        self.places: set[Mark] = set()

    def fields(self, node: Fields) -> Fields:
        entries = [Entry(item.mark, item.key, self.node(item.value)) for item in node.entries]
        return Fields(node.mark, tuple(item for item in entries if not self._nothing(item.value)))

    def node(self, node: Node) -> Node:
        match node:
            case Fields():
                return self.fields(node)
            case Items():
                return Items(node.mark, tuple(self.node(item) for item in node.items))
            case Scalar(value=str() as value) if "$" in value:
                self.places.add(node.mark)
                return Scalar(node.mark, _REFERENCE.sub(lambda match: self._replace(match, node.mark), value))
        return node

    def _nothing(self, node: Node) -> bool:
        return isinstance(node, Scalar) and node.value == "" and node.mark in self.places

    def _replace(self, match: re.Match[str], mark: Mark) -> str:
        if match["open"]:
            hint = "write ${NAME} or ${NAME:-default}; $$ stands for a dollar sign"
            self.faults.append(error(mark, "bad-reference", "a reference that is not closed or has no name", hint=hint))
            return ""
        name, default = match["name"], match["default"]
        if name is None:
            return "$"
        value = self.environment.get(name, "")
        if value or default is not None:
            return value or default or ""
        hint = f"set it, or write ${{{name}:-default}}"
        self.faults.append(error(mark, "unset-variable", f"the environment variable {name} is not set", hint=hint))
        return ""
