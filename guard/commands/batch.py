"""What `filter` and `tag` share: their options, their progress, and how a run is started and ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec

from ...models.errors import ConfigError
from .shared import BULK_TIMEOUT, Failure, console, json_option, map_option, model_option, open_guard

if TYPE_CHECKING:
    from ..filter.report import FilterReport
    from ..filter.run import Job, Tally
    from ..filter.start import Asked

F = TypeVar("F", bound=Callable[..., Any])

ROWS_IN_ERRORS: Final = 1
HALTED: Final = 4
"""The run ended early and can be taken further."""
_EVERY: Final = 5.0


class HaltedFailure(Failure):
    """Ends a command with one line and code 4."""

    exit_code = HALTED


_OPTIONS: Final = (
    click.option(
        "--policy", metavar="NAME|FILE|off", help="What is thought: dataset, or dataset-regenerate with --regenerate."
    ),
    model_option(),
    map_option(),
    click.option("--preset", default="", metavar="NAME", help="The layout of a well-known data set."),
    click.option("--where", multiple=True, metavar="COLUMN=PATTERN", help="Only such rows; also != < <= > >=."),
    click.option("--sample", type=float, metavar="SHARE|N", help="A share below 1, or a number of rows."),
    click.option("--seed", default=0, show_default=True, help="Draws another sample."),
    click.option("--limit", type=click.IntRange(min=1), help="At most so many rows of the input."),
    click.option("--dry-run", is_flag=True, help="Say what would be read; judge 20 rows and write nothing."),
    click.option(
        "--resume", is_flag=True, help="Go on where a run of the same policy and model stopped, or upstream failed."
    ),
    click.option("--mix", is_flag=True, help="With --resume: go on under another policy, model or upstream."),
    click.option("--force", is_flag=True, help="Write the folder's files anew."),
    click.option("--max-errors", type=click.IntRange(min=0), help="Stop after more unreadable rows than that."),
    click.option("--spare-rejected", is_flag=True, help="The rejected side of a preference pair does not decide."),
    click.option("--target-fpr", type=click.FloatRange(0, 1), help="A false-alarm rate for the policy's threshold."),
    click.option("--threshold", multiple=True, metavar="SOURCE=NUMBER", help="Another threshold for rows of a source."),
    click.option("--score-file", metavar="FILE", help="Scores in place of a model: JSON lines or Parquet."),
    click.option("--score-key", default="", metavar="COLUMN", help="Finds a row's scores; by file and line without."),
    click.option("--write-scores", is_flag=True, help="Write scores.jsonl too, as --score-file reads it."),
    click.option("--regenerate", is_flag=True, help="Make rejected answers again through an upstream."),
    click.option("--upstream", metavar="URL", help="An OpenAI-compatible server, as http://host:8000/v1."),
    click.option("--upstream-model", metavar="NAME", help="The model to ask there."),
    click.option("--key-env", default="", metavar="VARIABLE", help="The environment variable with its key."),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 1024),
        default=8,
        show_default=True,
        help="Answers made at a time; by each actor of Ray.",
    ),
    click.option("--split", is_flag=True, help="Leave the outputs in pieces, one a shard."),
    click.option("--report", is_flag=True, help="Write report.html too; it quotes rows."),
    click.option(
        "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Who works."
    ),
    click.option("--processes", type=click.IntRange(min=0), default=0, help="Processes, or actors of Ray."),
    click.option("--gpus", type=click.FloatRange(min=0), default=0.0, help="GPUs of an actor of Ray, as 0.25."),
    click.option("--address", metavar="ADDRESS", help="A Ray cluster; a local one without."),
    click.option("--shard-rows", type=click.IntRange(min=1), help="Rows of a shard."),
    click.option("--quiet", is_flag=True, help="No progress."),
    json_option(),
)


def batch_options(command: F) -> F:
    """The options of a batch command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def start(ctx: click.Context, *, inputs: tuple[str, ...], output: str, tag: bool, options: dict[str, Any]) -> None:
    """Runs the batch, prints its summary and exits: 0, 1 where rows could not be read, 4 where it ended early."""
    from ..filter.place import Halted
    from ..filter.start import Asked, checked

    as_json, dry, quiet = (options.pop(name) for name in ("as_json", "dry_run", "quiet"))
    options["policy"] = policy_of(options)
    if options["resume"] and options["force"]:
        raise click.UsageError("--resume goes on with a run, --force starts anew: give one of them")
    asked = checked(Asked(inputs=inputs, output=output, tag=tag, command=_command(), **options))
    try:
        if dry:
            _dry_run(ctx, asked, as_json=as_json)
            return
        report = _run(ctx, asked, quiet=quiet)
    except Halted as halt:
        raise HaltedFailure(str(halt)) from halt
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(report, output, tag=tag)
    ctx.exit(ROWS_IN_ERRORS if report.errors else 0)


def policy_of(options: Mapping[str, Any]) -> str:
    """The policy that was named, or the one for what is to be done."""
    return options["policy"] or ("dataset-regenerate" if options["regenerate"] else "dataset")


@contextmanager
def opened(ctx: click.Context, asked: Asked) -> Iterator[Job]:
    """The job of these settings, with its models loaded; the policy `off` loads none."""
    from ..filter.start import OFF, job_of, models_of

    if asked.policy == OFF:
        with job_of(asked, None) as job:
            yield job
        return
    from ..filter.judge import BulkJudge

    if ctx.obj is not None:
        if asked.processes > 1:
            raise ConfigError("several processes need a model by its name")
        asked = msgspec.structs.replace(asked, processes=1)
    model = models_of(asked.score_file or "", asked.model)
    guard = open_guard(ctx, policy=asked.policy, model=model, timeout=BULK_TIMEOUT)
    judge = BulkJudge(guard, target_fpr=asked.target_fpr)
    try:
        with job_of(asked, judge) as job:
            yield job
    finally:
        judge.close()


def _run(ctx: click.Context, asked: Asked, *, quiet: bool) -> FilterReport:
    from ..filter.run import run_filter

    with opened(ctx, asked) as job, _progress(quiet=quiet) as progress:
        return run_filter(job, progress=progress)


def _dry_run(ctx: click.Context, asked: Asked, *, as_json: bool) -> None:
    """Judges a few rows in a folder that is thrown away, and says what the whole would read."""
    from tempfile import TemporaryDirectory

    from ..files import size_of
    from ..filter.run import run_filter

    with TemporaryDirectory() as folder:
        few = msgspec.structs.replace(asked, output=folder, limit=20, resume=False, force=False, engine="local")
        with opened(ctx, few) as job:
            report = run_filter(job)
    found = {
        "files": list(asked.inputs),
        "bytes": sum(map(size_of, asked.inputs)),
        "tried": report.rows,
        "errors": report.errors,
        "actions": report.actions,
        "rows_per_second": report.rows_per_second,
    }
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        return
    click.echo(f"{len(asked.inputs)} files, {found['bytes']:,} bytes; nothing was written")
    click.echo(f"of the first {report.rows} rows: {report.actions or 'none judged'}, {report.errors} unreadable")


def _command() -> tuple[str, ...]:
    return tuple(sys.argv[1:])


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """A live line on a terminal, else a line every few seconds; rate and time left."""
    started = last = time.monotonic()

    def line(tally: Tally) -> str:
        counts, seconds = tally.counts, max(time.monotonic() - started, 1e-9)
        rate = (counts.rows - tally.before) / seconds
        bins = ", ".join(f"{number:,} {bin}" for bin, number in counts.bins.items() if number)
        return f"{counts.rows:,} rows, {rate:,.0f} a second{_left(tally, seconds)}: {bins}"

    if quiet:
        yield lambda tally: None
        return
    screen = console(err=True)
    if screen.is_terminal:
        with screen.status("reading") as status:
            yield lambda tally: status.update(line(tally))
        return

    def plain(tally: Tally) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            click.echo(line(tally), err=True)

    yield plain


def _left(tally: Tally, seconds: float) -> str:
    if not tally.of_bytes or not tally.bytes or tally.counts.rows <= tally.before:
        return ""
    share = min(1.0, tally.bytes / tally.of_bytes)
    done = share * (tally.counts.rows - tally.before) / max(1, tally.counts.rows)
    left = round(seconds * (1 - share) / max(done, 1e-9))
    return f", {100 * share:.0f} %, {left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left"


def _print(report: FilterReport, output: str, *, tag: bool) -> None:
    from rich.table import Table

    from ..filter.place import place_of

    there = sorted(place_of(output).sizes())
    table = Table("", "rows", "share", box=None, pad_edge=False)
    for bin, share in report.shares.items():
        name = next((f"{output}/{one}" for one in there if one.startswith(f"{bin}.")), bin)
        table.add_row(name, f"{getattr(report, bin):,}", f"{100 * share:.1f} %")
    console().print(table)
    again = f", {report.repeated:,} of them seen before" if report.repeated else ""
    rate = f"{report.rows_per_second:,.0f} rows a second"
    end = "" if report.complete or report.waiting else "; --limit ended the run before the input did"
    click.echo(f"{report.rows:,} rows{again}, {report.run.policy}@{report.run.policy_hash}, {rate}{end}")
    if report.waiting and not report.complete:
        click.echo(f"rows of errors.jsonl whose upstream failed: {report.waiting:,}; --resume tries them again")
