"""A value of another type than its key takes."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..shape import misfits
from ..tree import Source


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every value whose type does not fit, in the words of a person who writes YAML."""
    for misfit in misfits(source.root):
        if misfit.kind == "type":
            message = f"{misfit.where} takes {misfit.wanted}, not {misfit.found}"
            yield error(misfit.mark, "wrong-type", message)
