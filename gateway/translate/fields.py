"""Reading single fields of a request, with an error that names the field where it is of the wrong type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .neutral import refuse


def number(body: Mapping[str, Any], field: str, *, path: str = "") -> float | None:
    """A number, or None where it is not given."""
    value = body.get(field)
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    raise refuse(f"{path}{field}", "must be a number")


def whole(body: Mapping[str, Any], field: str, *, path: str = "") -> int | None:
    """A whole number, or None."""
    value = number(body, field, path=path)
    if value is None or isinstance(value, int):
        return value
    raise refuse(f"{path}{field}", "must be a whole number")


def text(body: Mapping[str, Any], field: str, *, path: str = "") -> str | None:
    """A text, or None."""
    value = body.get(field)
    if value is None or isinstance(value, str):
        return value
    raise refuse(f"{path}{field}", "must be a string")


def needed(body: Mapping[str, Any], field: str, *, path: str = "") -> str:
    """A text that has to be there."""
    value = body.get(field)
    if isinstance(value, str):
        return value
    raise refuse(f"{path}{field}", "must be a string")


def flag(body: Mapping[str, Any], field: str, *, path: str = "") -> bool | None:
    """True or false, or None."""
    value = body.get(field)
    if value is None or isinstance(value, bool):
        return value
    raise refuse(f"{path}{field}", "must be true or false")


def mapping(body: Mapping[str, Any], field: str, *, path: str = "") -> dict[str, Any]:
    """An object; an empty one where it is not given."""
    value = body.get(field)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise refuse(f"{path}{field}", "must be an object")


def items(body: Mapping[str, Any], field: str, *, path: str = "") -> list[dict[str, Any]]:
    """A list of objects; an empty one where it is not given."""
    value = body.get(field)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise refuse(f"{path}{field}", "must be a list of objects")


def texts(body: Mapping[str, Any], field: str, *, path: str = "") -> tuple[str, ...]:
    """A text or several."""
    value = body.get(field)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise refuse(f"{path}{field}", "must be a string or a list of strings")
