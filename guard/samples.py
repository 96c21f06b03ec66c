"""Labelled rows of a file as what an evaluation judges and measures against."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from ..models.content import Part
from ..models.errors import InputError
from .files import read_rows, stem
from .rows import Columns, exchange, labelled_part, matches

_POSITIVE: Final = {"safe": False, "unsafe": True, "attack": True, "0": False, "1": True}
_LEFT_OUT: Final = {"sensitive": "sensitive", "-1": "undecided", "none": "unlabelled"}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled row: what is judged, whether it should be flagged, and what else its set says of it.

    `row` counts from 1 among the chosen rows of the file; `category` is the set's own word, empty where it has none.
    """

    row: int
    part: Part
    positive: bool
    severity: int | None = None
    category: str = ""


class Sampled(msgspec.Struct, frozen=True):
    """The rows of one file: those with a usable label, and how many others there were of which kind."""

    name: str
    samples: list[Sample]
    left_out: dict[str, int]


def sample(name: str, *, layout: Columns, where: Mapping[str, str] | None = None, limit: int | None = None) -> Sampled:
    """The labelled rows of a file, at most `limit`; InputError names the row that cannot be read."""
    left_out: dict[str, int] = {}
    samples: list[Sample] = []
    rows = (row for row in read_rows(name) if matches(row, where or {}))
    for number, row in enumerate(islice(rows, limit), start=1):
        try:
            label = _label(layout.get(row, "label"))
            if label in _LEFT_OUT:
                left_out[_LEFT_OUT[label]] = left_out.get(_LEFT_OUT[label], 0) + 1
                continue
            samples.append(_sample(number, row, layout, positive=_POSITIVE[label]))
        except InputError as error:
            raise InputError(f"{name}, row {number}: {error}", param=error.param) from error
    return Sampled(stem(name), samples, left_out)


def _sample(number: int, row: Mapping[str, Any], layout: Columns, *, positive: bool) -> Sample:
    return Sample(
        row=number,
        part=labelled_part(exchange(row, layout)),
        positive=positive,
        severity=_severity(layout.get(row, "severity")),
        category=_category(layout.get(row, "category")),
    )


def _label(value: Any) -> str:
    label = str(int(value) if isinstance(value, bool) else value).lower()
    if label not in _POSITIVE and label not in _LEFT_OUT:
        raise InputError(f"label must be safe, unsafe, attack or sensitive (or 0, 1, -1), not {value!r}", param="label")
    return label


def _severity(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and 0 <= value <= 3):
        return value
    raise InputError(f"severity must be 0, 1, 2, 3 or null, not {value!r}", param="severity")


def _category(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(map(str, value))
    return "" if value is None else str(value)
