"""`headgate eval`: how good the model is on labelled rows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ...models.errors import ConfigError
from .shared import BULK_TIMEOUT, console, json_option, map_option, model_option, open_guard, policy_option

if TYPE_CHECKING:
    from ..evaluate import Evaluation, Report, SetResult


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options that settle what is measured, as the command line gives them."""

    policy: str
    model: str | None
    mapping: tuple[str, ...]
    where: tuple[str, ...]
    limit: int | None
    threshold: float | None
    obfuscate: bool


@click.command("eval")
@click.argument("files", nargs=-1, required=True)
@policy_option("default")
@model_option()
@map_option()
@click.option("--where", multiple=True, metavar="COLUMN=PATTERN", help="Only rows whose column matches; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows of each file.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Instead of the one that policy and model agree on.")
@click.option("--obfuscate", is_flag=True, help="Measure the same rows once more in disguise.")
@click.option("--report", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write report.html there.")
@json_option()
@click.pass_context
def evaluate(
    ctx: click.Context, /, files: tuple[str, ...], *, folder: Path | None, as_json: bool, **asked: Any
) -> None:
    """Measure the model on labelled rows.

    FILES are JSONL, .gz, .zst or Parquet; globs. A row is flagged where the worse of `unsafe` and `prompt_attack`
    reaches the threshold; `unsafe` and `attack` rows should be, `safe` ones should not, all others are left out and
    counted. One threshold holds for all files. --report writes a page with plots and the worst mistakes, and
    report.json beside it.
    """
    found = _measured(ctx, files, msgspec.convert(asked, Asked))
    if folder is not None:
        from ..report.write import write_report

        click.echo(f"wrote {write_report(found, folder)}", err=True)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found.report) + b"\n")
    else:
        _print(found.report)


def _measured(ctx: click.Context, files: tuple[str, ...], asked: Asked) -> Evaluation:
    from ..evaluate import evaluate as measure
    from ..files import expand
    from ..rows import columns
    from ..samples import sample

    layout, patterns = columns(asked.mapping), _patterns(asked.where)
    sets = [sample(name, layout=layout, where=patterns, limit=asked.limit) for name in expand(files)]
    done, total = 0, sum(len(one.samples) for one in sets) * (2 if asked.obfuscate else 1)
    with (
        open_guard(ctx, policy=asked.policy, model=asked.model, timeout=BULK_TIMEOUT) as guard,
        console(err=True).status("judging") as status,
    ):

        def progress(count: int) -> None:
            nonlocal done
            done += count
            status.update(f"judged {done} of {total} rows")

        return measure(
            sets,
            lambda parts: guard.judge(parts, bulk=True),
            model=", ".join(guard.rules.models),
            threshold=guard.rules.thresholds.default if asked.threshold is None else asked.threshold,
            progress=progress,
            obfuscate=asked.obfuscate,
        )


def _patterns(where: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in where:
        name, separator, pattern = item.partition("=")
        if not separator or not name:
            raise ConfigError(f"--where {item}: write COLUMN=PATTERN")
        found[name] = pattern
    return found


def _print(report: Report) -> None:
    from rich.table import Table

    title = f"{report.model} at {report.threshold:.4g}"
    table = Table("set", title=title, title_justify="left", box=None, pad_edge=False)
    disguised = any(one.obfuscated for one in report.sets)
    for head in ("rows", "F1", "P", "R", "AUPRC", "AUROC", "FPR", "R@1%", *(["F1 disguised"] if disguised else [])):
        table.add_column(head, justify="right")
    for one in report.sets:
        figures = (one.precision, one.recall, one.auprc, one.auroc, one.fpr, one.recall_at_fpr_1)
        cost = one.obfuscated
        last = [f"{_percent(cost.f1)} ({_percent(cost.recall)} R)"] if cost else []
        table.add_row(one.name, str(one.rows), _with_interval(one), *map(_percent, figures), *last)
    console().print(table)
    for one in report.sets:
        if one.unjudged:
            console(err=True).print(f"{one.name}: {one.unjudged} rows could not be judged and are not measured")


def _with_interval(one: SetResult) -> str:
    bounds = one.f1_interval
    return _percent(one.f1) + (f" ({_percent(bounds.low)}–{_percent(bounds.high)})" if bounds else "")


def _percent(figure: float | None) -> str:
    return "–" if figure is None else f"{100 * figure:.1f}"
