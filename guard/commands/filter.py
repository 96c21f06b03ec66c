"""`headgate filter`: splits a data set by a policy."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import msgspec

from ...models.errors import ConfigError
from .shared import BULK_TIMEOUT, console, json_option, map_option, model_option, open_guard, policy_option

if TYPE_CHECKING:
    from ..filter.report import Counts, FilterReport
    from ..guard import Guard

ROWS_IN_ERRORS: Final = 1
_EVERY: Final = 5.0


@click.command("filter")
@click.argument("inputs", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder.")
@policy_option("dataset")
@model_option()
@map_option()
@click.option("--resume", is_flag=True, help="Go on where an interrupted run of the same policy and model stopped.")
@click.option("--force", is_flag=True, help="Write the folder's files anew.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many lines.")
@json_option()
@click.pass_context
def filter_(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: Path,
    policy: str,
    model: str | None,
    mapping: tuple[str, ...],
    resume: bool,
    force: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """Sort rows into kept, dropped, review, errors.

    INPUTS are JSONL, .gz or .zst; globs, '-' for stdin. Kept rows are the input's own lines, in order. Exits 0, 1 where
    rows could not be read, 2 on bad usage.
    """
    from ..files import STDIN, expand

    if resume and force:
        raise click.UsageError("--resume goes on with a run, --force starts anew: give one of them")
    names = tuple(expand(inputs))
    if resume and STDIN in names:
        raise ConfigError("--resume needs files: what came on stdin cannot be read again")
    with open_guard(ctx, policy=policy, model=model, timeout=BULK_TIMEOUT) as guard, _progress() as progress:
        report = _run(guard, names, output, mapping, resume=resume, force=force, limit=limit, progress=progress)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(report, output)
    ctx.exit(ROWS_IN_ERRORS if report.errors else 0)


def _run(
    guard: Guard,
    names: tuple[str, ...],
    output: Path,
    mapping: tuple[str, ...],
    *,
    resume: bool,
    force: bool,
    limit: int | None,
    progress: Callable[[Counts], None],
) -> FilterReport:
    from ..bulk import check_many
    from ..filter.run import Job, run_filter
    from ..rows import columns

    job = Job(
        inputs=names,
        folder=output,
        check=lambda rows: check_many(rows, lambda parts: guard.judge(parts, bulk=True), rules=guard.rules),
        policy=guard.policy.name,
        policy_hash=guard.policy.hash,
        mode=guard.policy.mode,
        models=guard.rules.models,
        columns=columns(mapping),
        resume=resume,
        force=force,
        limit=limit,
    )
    return run_filter(job, progress=progress)


@contextmanager
def _progress() -> Iterator[Callable[[Counts], None]]:
    """A live line on a terminal, else a line every few seconds."""
    screen = console(err=True)
    started = last = time.monotonic()
    first: int | None = None

    def line(counts: Counts) -> str:
        nonlocal first
        first = counts.rows if first is None else first
        rate = (counts.rows - first) / max(time.monotonic() - started, 1e-9)
        bins = ", ".join(f"{number:,} {bin}" for bin, number in counts.bins.items() if number)
        return f"{counts.rows:,} rows, {rate:,.0f} a second: {bins}"

    if screen.is_terminal:
        with screen.status("reading") as status:
            yield lambda counts: status.update(line(counts))
        return

    def plain(counts: Counts) -> None:
        nonlocal last
        text = line(counts)
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            click.echo(text, err=True)

    yield plain


def _print(report: FilterReport, output: Path) -> None:
    from rich.table import Table

    table = Table("", "rows", "share", box=None, pad_edge=False)
    for bin, share in report.shares.items():
        table.add_row(str(output / f"{bin}.jsonl"), f"{getattr(report, bin):,}", f"{100 * share:.1f} %")
    console().print(table)
    again = f", {report.repeated:,} of them seen before" if report.repeated else ""
    rate = f"{report.rows_per_second:,.0f} rows a second"
    end = "" if report.complete else "; --limit ended the run before the input did"
    click.echo(f"{report.rows:,} rows{again}, {report.run.policy}@{report.run.policy_hash}, {rate}{end}")
