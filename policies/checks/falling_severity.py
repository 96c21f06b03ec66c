"""A milder action for worse content."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..diagnostics import Diagnostic, error
from ..effective import Cell, cells, merged
from ..tree import Source


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports rows, with what they inherit, in which the action gets weaker as the severity grows."""
    for rows in cells(merged(source)).values():
        for row in rows.values():
            for milder, worse in pairwise(row):
                own = [cell.mark for cell in (worse, milder) if cell.mark and cell.mark.file == source.file]
                if own and worse.mark and milder.mark and worse.action < milder.action:
                    message = f"{_says(worse, source)} is weaker than {_says(milder, source)}"
                    hint = "worse content never gets a milder action"
                    yield error(own[0], "falling-severity", message, hint=hint)


def _says(cell: Cell, source: Source) -> str:
    inherited = f", from {cell.mark.file}" if cell.mark and cell.mark.file != source.file else ""
    return f"{cell.rule} ({cell.action}{inherited})"
