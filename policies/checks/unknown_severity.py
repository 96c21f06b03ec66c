"""A severity that there is not."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error, suggest
from ..shape import misfits
from ..tree import Source


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every key of a row that is no severity."""
    for misfit in misfits(source.root):
        if misfit.kind == "severity":
            message = f"unknown severity {misfit.name!r} in {misfit.where}"
            yield error(misfit.mark, "unknown-severity", message, hint=suggest(misfit.name, misfit.valid))
