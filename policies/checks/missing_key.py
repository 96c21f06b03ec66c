"""A key that has to be there and is not."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, error
from ..shape import misfits
from ..tree import Source

_HINTS = {"version": "write `version: 1`", "expect": "name the action that the case expects"}


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports every mapping that lacks a key it must have; an empty or unreadable file has its own fault."""
    if not source.root.entries and source.faults:
        return
    for misfit in misfits(source.root):
        if misfit.kind == "missing":
            where = misfit.where or "the policy"
            hint = _HINTS.get(misfit.wanted, "")
            yield error(misfit.mark, "missing-key", f"{where} lacks {misfit.wanted!r}", hint=hint)
