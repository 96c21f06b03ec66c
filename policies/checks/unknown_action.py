"""A word that stands where an action is wanted."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error, suggest
from ..shape import misfits
from ..tree import Source


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every word in an action's place that is no action."""
    for misfit in misfits(source.root):
        if misfit.kind == "action":
            message = f"unknown action {misfit.name!r} for {misfit.where}"
            yield error(misfit.mark, "unknown-action", message, hint=suggest(misfit.name, misfit.valid))
