"""Paths into a request (`tools[0].function`, `messages[1].name`): where they lead, and a mask put there."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from .prose import is_prose

MASK: Final = "[removed by the safety policy]"

_INDEX = re.compile(r"\[(\d+)\]")


class Place(NamedTuple):
    """A container and the key or index in it."""

    container: Any
    key: Any


def located(body: Any, path: str) -> Place:
    """Where a path leads; KeyError where it leads nowhere. A field's name may itself hold dots and brackets."""
    place = _located(body, path)
    if place is None:
        raise KeyError(path)
    return place


def masked(body: dict[str, Any], paths: Iterable[str]) -> dict[str, Any]:
    """A copy in which a text at one of the paths is a mask, a list's item keeps its shape, and another field is gone.

    A path that leads nowhere is passed over: what it led to was taken out with what held it.
    """
    changed = copy.deepcopy(body)
    for path in paths:
        place = _located(changed, path)
        if place is None:
            continue
        container, key = place
        if isinstance(container[key], str):
            container[key] = MASK
        elif isinstance(key, int):
            container[key] = blanked(container[key])
        else:
            del container[key]
    return changed


def blanked(value: Any) -> Any:
    """The same shape with all language in it masked: a tool stays a tool."""
    if isinstance(value, dict):
        return {blanked(key): blanked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [blanked(item) for item in value]
    return MASK if isinstance(value, str) and is_prose(value) else value


def _located(node: Any, path: str) -> Place | None:
    if isinstance(node, list):
        found = _INDEX.match(path)
        if found is None or int(found[1]) >= len(node):
            return None
        return _further(node, int(found[1]), path[found.end() :])
    if not isinstance(node, dict):
        return None
    names = [name for name in node if path.startswith(name) and path[len(name) :][:1] in ("", ".", "[")]
    for name in sorted(names, key=len, reverse=True):
        if (place := _further(node, name, path[len(name) :])) is not None:
            return place
    return None


def _further(container: Any, key: Any, rest: str) -> Place | None:
    return Place(container, key) if not rest else _located(container[key], rest.removeprefix("."))
