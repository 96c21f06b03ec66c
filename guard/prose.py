"""What of a value could be language: the words in fields that nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any, Final

import msgspec

from ..models.errors import InputError

_SHORT: Final = 64
_SILENT: Final = (int, float, type(None))


def prose(value: Any, *, path: str = "") -> str:
    """All strings and keys within that could be language (spaces, non-ASCII, or long), a line each.

    InputError names `path` where something stands within that no JSON could hold.
    """
    return _lines(value, is_prose, path)


def words(value: Any, *, path: str = "") -> str:
    """All strings within, a line each, for a field that is known to hold language; keys where they could be some."""
    return _lines(value, bool, path)


def is_prose(text: str) -> bool:
    """Whether a string could be language rather than a name or a number."""
    return len(text) > _SHORT or not text.isascii() or any(map(str.isspace, text))


def as_json(value: Any, *, path: str) -> bytes:
    """The value as JSON; InputError names `path` where JSON cannot hold it."""
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise InputError(f"{path} must be JSON: {type(error).__name__}", param=path) from error


def _lines(value: Any, counts: Callable[[str], bool], path: str) -> str:
    found: list[str] = []
    todo = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            if counts(node):
                found.append(node)
        elif isinstance(node, (dict, Mapping)):
            todo += [*reversed([*node.values()]), *reversed([key for key in node if is_prose(str(key))])]
        elif isinstance(node, (list, tuple, Set)):
            todo += reversed([*node])
        elif not isinstance(node, _SILENT):
            todo.append(_plain(node, path))
    return "\n".join(found)


def _plain(node: object, path: str) -> Any:
    """A value that is none of JSON's own as what stands for it there; bytes as the text that they may be."""
    if isinstance(node, (bytes, bytearray)):
        return node.decode("utf-8", "replace")
    try:
        return msgspec.to_builtins(node)
    except TypeError as error:
        raise InputError(f"{path} holds a {type(node).__name__}: give it as JSON", param=path) from error
