"""The lines of all inputs in order, from any position on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ...models.errors import InputError
from ..files import open_lines


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far the inputs were read: `line` lines of input number `file` are done."""

    file: int = 0
    line: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it stands in the file, with its ending; `number` counts from 1."""

    file: str
    number: int
    raw: bytes
    after: Position


def lines(inputs: Sequence[str], *, start: Position) -> Iterator[Line]:
    """Every line from `start` on; InputError where a compressed file is damaged."""
    for index in range(start.file, len(inputs)):
        name = inputs[index]
        skipped = start.line if index == start.file else 0
        with open_lines(name) as file:
            number = 0
            try:
                for number, raw in enumerate(file, start=1):
                    if number > skipped:
                        yield Line(file=name, number=number, raw=raw, after=Position(file=index, line=number))
            except (OSError, EOFError, _zstd_error()) as error:
                raise InputError(f"{name}: damaged after line {number}: {error}") from error


def _zstd_error() -> type[Exception]:
    try:
        from zstandard import ZstdError
    except ImportError:
        return EOFError
    found: type[Exception] = ZstdError
    return found
