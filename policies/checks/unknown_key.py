"""A key that no policy has."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error, suggest
from ..shape import misfits
from ..tree import Source


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every key that the schema does not know at its place."""
    for misfit in misfits(source.root):
        if misfit.kind == "key":
            where = f" in {misfit.where}" if misfit.path else ""
            message = f"unknown key {misfit.name!r}{where}"
            yield error(misfit.mark, "unknown-key", message, hint=suggest(misfit.name, misfit.valid))
