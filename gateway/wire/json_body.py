"""A request body from bytes to a dict, refused with a clear reason where two readers could read it differently."""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

import msgspec

from ...models.errors import InputError

DEEPEST: Final = 64
"""Levels of nesting that a body may have."""

_KEY_END = re.compile(rb'"\s*:')


def decode_object(raw: bytes, *, deepest: int = DEEPEST) -> dict[str, Any]:
    """The JSON object in `raw`.

    Raises InputError for anything else, for nesting over `deepest`, and for a key that stands twice in one object:
    another reader might take the other one, and what was judged would not be what is answered.
    """
    body = _decode(raw)
    if not isinstance(body, dict):
        raise InputError('the body must be a JSON object, such as {"model": …, "messages": […]}')
    _check(body, raw, deepest)
    return body


def decode_batch(raw: bytes, *, deepest: int = DEEPEST) -> dict[str, Any] | list[Any]:
    """The JSON object or list in `raw`, under the same rules."""
    body = _decode(raw)
    if not isinstance(body, (dict, list)):
        raise InputError("the body must be a JSON object, or a list of them")
    _check(body, raw, deepest)
    return body


def _decode(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError as error:
        raise InputError(f"the body is nested too deep: at most {DEEPEST} levels") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the body is not UTF-8 (byte {error.start})") from error
    except msgspec.MsgspecError as error:
        raise InputError(f"the body is not JSON: {error}") from error


def _check(body: dict[str, Any] | list[Any], raw: bytes, deepest: int) -> None:
    keys = _count_keys(body, deepest)
    # Each key ends in `":`, so an equal count proves that none was lost; texts may hold `":` as well: then look closer.
    if len(_KEY_END.findall(raw)) != keys:
        _refuse_duplicates(raw)


def _count_keys(body: dict[str, Any] | list[Any], deepest: int) -> int:
    keys = 0
    level: list[Any] = [body]
    depth = 0
    while level:
        depth += 1
        if depth > deepest:
            raise InputError(f"the body is nested too deep: at most {deepest} levels")
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                keys += len(node)
                below += [value for value in node.values() if isinstance(value, (dict, list))]
            else:
                below += [value for value in node if isinstance(value, (dict, list))]
        level = below
    return keys


def _refuse_duplicates(raw: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                _twice(key)
            seen.add(key)

    json.loads(raw, object_pairs_hook=unique)


def _twice(key: str) -> NoReturn:
    shown = key if len(key) <= 64 else key[:61] + "…"
    raise InputError(f"the key {shown!r} stands twice in one object: send each key once", param=shown)
