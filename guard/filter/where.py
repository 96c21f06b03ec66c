"""Which rows a run is about: conditions on columns, and a sample that is the same every time."""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, cast

import msgspec

from ...models.errors import ConfigError
from ..rows import Columns

Sign = Literal["=", "!=", "<", "<=", ">", ">="]
_FORM: Final = re.compile(r"(.+?)(!=|<=|>=|=|<|>)(.*)", re.DOTALL)
_WIDTH: Final = 1 << 64


class Condition(msgspec.Struct, frozen=True):
    """A column (dots reach into objects), a sign, and a pattern or a number."""

    column: str
    sign: Sign
    value: str


def conditions(items: Iterable[str]) -> tuple[Condition, ...]:
    """The conditions of `COLUMN=PATTERN` items (`!=`, and `<`, `<=`, `>`, `>=` for numbers); ConfigError for others."""
    found = []
    for item in items:
        match = _FORM.fullmatch(item)
        if match is None:
            raise ConfigError(f"--where {item}: write COLUMN=PATTERN, or COLUMN with !=, <, <=, > or >=")
        column, sign, value = match.groups()
        if sign not in ("=", "!="):
            _number(value, item)
        found.append(Condition(column, cast(Sign, sign), value))
    return tuple(found)


def holds(row: Mapping[str, Any], where: Iterable[Condition]) -> bool:
    """Whether all conditions hold; a missing column is the empty text, and no number."""
    return all(_holds(Columns().get(row, one.column), one) for one in where)


def cutoff_for(share: float) -> int:
    """The cutoff of `chosen` that lets this share of all rows through."""
    return min(_WIDTH, round(share * _WIDTH))


def cutoff_of(places: Iterable[tuple[int, int]], count: int, *, seed: int) -> int:
    """The cutoff that lets exactly `count` of these (file, number) places through."""
    lowest = heapq.nsmallest(count, (_hash(file, number, seed) for file, number in places))
    return lowest[-1] + 1 if lowest else 0


def chosen(file: int, number: int, *, cutoff: int, seed: int) -> bool:
    """Whether a row is in the sample: by a hash of its place alone, so a resumed run draws the same."""
    return _hash(file, number, seed) < cutoff


def _holds(value: Any, one: Condition) -> bool:
    if one.sign in ("=", "!="):
        text = "" if value is None else value if isinstance(value, str) else _text(value)
        return fnmatchcase(text, one.value) is (one.sign == "=")
    try:
        number, bound = float(value), float(one.value)
    except (TypeError, ValueError):
        return False
    return {"<": number < bound, "<=": number <= bound, ">": number > bound, ">=": number >= bound}[one.sign]


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _number(value: str, item: str) -> None:
    try:
        float(value)
    except ValueError as error:
        raise ConfigError(f"--where {item}: {value!r} is no number") from error


def _hash(file: int, number: int, seed: int) -> int:
    key = b"%d:%d:%d" % (seed, file, number)
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")
