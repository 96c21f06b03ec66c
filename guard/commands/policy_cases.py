"""The table of `headgate policy test`: every case, what it expects, and what came of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

import click

from ...policies.cases import CaseResult
from ...policies.compiled import Case
from .shared import console

SHOWN: Final = 60
"""Characters of a case that are shown."""

_COLOURS: Final = {"passed": "green", "failed": "red", "skipped": "yellow"}


def print_cases(name: str, cases: Sequence[CaseResult]) -> None:
    """The cases of a policy: a table in a terminal, else a line for each; then what failed, and how many pass."""
    if cases and sys.stdout.isatty():
        _print_table(name, cases)
    elif cases:
        click.echo("\n".join(f"{one.place}: {_words(one)}" for one in cases))
    passed, skipped = (sum(one.outcome == word for one in cases) for word in ("passed", "skipped"))
    click.echo(f"{name}: {passed} of {len(cases)} cases pass" + (f", {skipped} skipped" if skipped else ""))


def described(case: Case) -> str:
    """What a case is about in a line: its scores, or its text shortened."""
    if case.scores is None:
        text = case.prompt if case.response is None else case.response
        return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    given = case.scores
    words = [f"unsafe {given.unsafe:g}", *(f"{slug} {score:g}" for slug, score in given.categories.items())]
    if given.severity is not None:
        words.append(("none", "minor", "moderate", "severe")[given.severity])
    if given.sensitive is not None:
        words.append(f"sensitive {given.sensitive:g}")
    return ", ".join(words)


def _words(one: CaseResult) -> str:
    case = one.case
    got = {"passed": "passed", "skipped": "skipped, it needs a model"}.get(one.outcome, f"failed, got {one.got}")
    return f"{case.direction}: {described(case)}: expected {case.expect}: {got}"


def _print_table(name: str, cases: Sequence[CaseResult]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(name), title_justify="left", title_style="bold")
    for column in ("line", "direction", "case", "expected", "got", ""):
        table.add_column(column, no_wrap=column in ("expected", "got"))
    for one in cases:
        colour = _COLOURS[one.outcome]
        line, got = one.place.rpartition(":")[2], "" if one.got is None else str(one.got)
        about = described(one.case) + (f"\n{one.case.note}" if one.case.note else "")
        cells = (line, one.case.direction, escape(about), str(one.case.expect), got, f"[{colour}]{one.outcome}[/]")
        table.add_row(*cells)
    console().print(table)
