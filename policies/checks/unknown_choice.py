"""A word that is none of the few that a setting takes."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error, suggest
from ..shape import misfits
from ..tree import Source


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every such word, with those that the setting takes."""
    for misfit in misfits(source.root):
        if misfit.kind == "choice":
            message = f"{misfit.where} cannot be {misfit.name!r}"
            yield error(misfit.mark, "unknown-choice", message, hint=suggest(misfit.name, misfit.valid))
