"""What a caller may ask of the sampler: values over the policy's bounds are lowered to them, in any dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...models.errors import InputError

_DEFAULTS: Final = {"temperature": 1.0, "top_p": 1.0}


def bounded(body: Mapping[str, Any], bounds: Mapping[str, float | None], *, where: str = "") -> dict[str, Any]:
    """A copy of the body within the bounds (None: no bound); InputError where a bounded value is not a number.

    A temperature or top_p that is left out is set where the usual default would be over the bound. `where` is the path
    of the body itself, for errors.
    """
    found = dict(body)
    for field, bound in bounds.items():
        if bound is not None:
            _lower(found, field, bound, where=where)
    return found


def _lower(body: dict[str, Any], field: str, bound: float, *, where: str) -> None:
    value = body.get(field)
    if value is None:
        if _DEFAULTS.get(field, bound) > bound:
            body[field] = bound
    elif not isinstance(value, (int, float)) or isinstance(value, bool):
        name = f"{where}.{field}" if where else field
        raise InputError(f"'{name}' must be a number, at most {bound}", param=name)
    elif value > bound:
        body[field] = bound
