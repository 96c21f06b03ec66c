"""Holds a raw tree against the schema's structs: every key and value that does not fit, not just the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

import msgspec
from msgspec import inspect

from .diagnostics import Mark
from .schema import Document, Rows
from .tree import Entry, Fields, Items, Node, Scalar
from .verdict import Action

MisfitKind: TypeAlias = Literal["key", "severity", "missing", "type", "action", "choice"]

_ACTIONS = tuple(action.value for action in Action)


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """A place where the tree and the schema differ; `valid` lists the names that would fit, `wanted` says it in words.

    `node` is the value, or the entry where its key is at fault.
    """

    kind: MisfitKind
    node: Node | Entry
    path: tuple[str, ...]
    valid: tuple[str, ...] = ()
    wanted: str = ""

    @property
    def mark(self) -> Mark:
        """Where it stands."""
        return self.node.mark

    @property
    def where(self) -> str:
        """The path in the words of a person: `cases[2].expect`."""
        steps = (f"[{step}]" if step.isdigit() else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    @property
    def name(self) -> str:
        """The word at fault: the key, or the value as text."""
        match self.node:
            case Entry(key=key):
                return key
            case Scalar(value=value):
                return str(value)
        return ""

    @property
    def found(self) -> str:
        """What stands there, in words."""
        match self.node:
            case Fields():
                return "a mapping"
            case Items():
                return "a list"
            case Scalar(value=None):
                return "null"
            case Scalar(value=bool() as value):
                return str(value).lower()
            case Scalar(value=str()):
                return "a text"
            case Scalar(value=value):
                return f"{value}"
        return ""


def misfits(root: Fields, schema: type = Document) -> Iterator[Misfit]:
    """All misfits of a tree, a policy's unless another schema is given."""
    return _node(root, _typed(schema), ())


@cache
def _typed(schema: type) -> inspect.Type:
    return inspect.type_info(schema)


def _node(node: Node, expected: inspect.Type, path: tuple[str, ...]) -> Iterator[Misfit]:
    options = _options(expected)
    match node:
        case Fields():
            yield from _fields(node, options, path)
        case Items():
            inner = next((o.item_type for o in options if isinstance(o, inspect.VarTupleType)), None)
            if inner is None:
                yield _wrong(node, options, path)
                return
            for index, item in enumerate(node.items):
                yield from _node(item, inner, (*path, str(index)))
        case Scalar():
            yield from _scalar(node, options, path)


def _fields(node: Fields, options: tuple[inspect.Type, ...], path: tuple[str, ...]) -> Iterator[Misfit]:
    for option in options:
        match option:
            case inspect.StructType():
                yield from _struct(node, option, path)
                return
            case inspect.DictType():
                for item in node.entries:
                    yield from _node(item.value, option.value_type, (*path, item.key))
                return
    yield _wrong(node, options, path)


def _struct(node: Fields, expected: inspect.StructType, path: tuple[str, ...]) -> Iterator[Misfit]:
    fields: Mapping[str, inspect.Field] = {field.encode_name: field for field in expected.fields}
    for item in node.entries:
        if item.key in fields:
            yield from _node(item.value, fields[item.key].type, (*path, item.key))
        else:
            kind: MisfitKind = "severity" if expected.cls is Rows else "key"
            yield Misfit(kind=kind, node=item, path=path, valid=tuple(fields))
    given = {item.key for item in node.entries}
    for name, field in fields.items():
        if field.required and name not in given:
            yield Misfit(kind="missing", node=node, path=path, wanted=name)


def _scalar(node: Scalar, options: tuple[inspect.Type, ...], path: tuple[str, ...]) -> Iterator[Misfit]:
    if any(_accepts(option, node) for option in options):
        return
    values = [value for option in options if isinstance(option, inspect.LiteralType) for value in option.values]
    names = tuple(value for value in values if isinstance(value, str))
    if isinstance(node.value, str) and names:
        kind: MisfitKind = "action" if set(_ACTIONS) <= set(names) else "choice"
        yield Misfit(kind=kind, node=node, path=path, valid=_ACTIONS if kind == "action" else names)
    else:
        yield _wrong(node, options, path)


def _accepts(option: inspect.Type, node: Scalar) -> bool:
    value = node.value
    match option:
        case inspect.LiteralType():
            return any(value == one and type(value) is type(one) for one in option.values)
        case inspect.StrType():
            return isinstance(value, str)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case inspect.FloatType():
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case inspect.NoneType():
            return value is None
    return False


def _options(expected: inspect.Type) -> tuple[inspect.Type, ...]:
    if isinstance(expected, inspect.Metadata):
        expected = expected.type
    return expected.types if isinstance(expected, inspect.UnionType) else (expected,)


def _wrong(node: Node, options: tuple[inspect.Type, ...], path: tuple[str, ...]) -> Misfit:
    return Misfit(kind="type", node=node, path=path, wanted=" or ".join(_words(option) for option in options))


def _words(option: inspect.Type) -> str:
    match option:
        case inspect.LiteralType():
            names = [str(value) for value in option.values]
            return "an action" if set(_ACTIONS) <= set(names) else " or ".join(names)
        case inspect.StructType():
            names = [field.encode_name for field in option.fields]
            return "a mapping of " + ", ".join(names) if len(names) < 8 else "a mapping"
        case inspect.VarTupleType():
            return "a list"
        case inspect.DictType():
            return "a mapping"
    return _SIMPLE[type(option)]


_SIMPLE: dict[type[inspect.Type], str] = {
    inspect.StrType: "a text",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.NoneType: "null",
}
