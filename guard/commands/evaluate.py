"""`headgate eval`: how good the model is on labelled rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
import msgspec

from ...models.errors import ConfigError
from .shared import BULK_TIMEOUT, console, json_option, map_option, model_option, open_guard, policy_option

if TYPE_CHECKING:
    from ..evaluate import Report


@click.command("eval")
@click.argument("files", nargs=-1, required=True)
@policy_option("default")
@model_option()
@map_option()
@click.option("--where", multiple=True, metavar="COLUMN=PATTERN", help="Only rows whose column matches; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows of each file.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Instead of the one that policy and model agree on.")
@json_option()
@click.pass_context
def evaluate(
    ctx: click.Context,
    files: tuple[str, ...],
    policy: str,
    model: str | None,
    mapping: tuple[str, ...],
    where: tuple[str, ...],
    limit: int | None,
    threshold: float | None,
    as_json: bool,
) -> None:
    """Measure the model on labelled rows.

    FILES are JSONL, .gz, .zst or Parquet; globs. A row is flagged where the worse of `unsafe` and `prompt_attack`
    reaches the threshold; `unsafe` and `attack` rows should be, `safe` ones should not, all others are left out and
    counted. One threshold holds for all files.
    """
    from ..evaluate import evaluate as measure
    from ..evaluate import sample
    from ..files import expand
    from ..rows import columns

    layout, patterns = columns(mapping), _patterns(where)
    sets = [sample(name, layout=layout, where=patterns, limit=limit) for name in expand(files)]
    with open_guard(ctx, policy=policy, model=model, timeout=BULK_TIMEOUT) as guard:
        at = guard.rules.thresholds.default if threshold is None else threshold
        with console(err=True).status("judging") as status:
            done, total = 0, sum(len(one.samples) for one in sets)

            def progress(count: int) -> None:
                nonlocal done
                done += count
                status.update(f"judged {done} of {total} rows")

            report = measure(
                sets,
                lambda parts: guard.judge(parts, bulk=True),
                model=", ".join(guard.rules.models),
                threshold=at,
                progress=progress,
            )
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    else:
        _print(report)


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
    for head in ("rows", "F1", "precision", "recall", "false alarms", "AUPRC", "AUROC", "recall at 1 %", "unjudged"):
        table.add_column(head, justify="right")
    for one in report.sets:
        figures = (one.f1, one.precision, one.recall, one.fpr, one.auprc, one.auroc, one.recall_at_fpr_1)
        table.add_row(one.name, str(one.rows), *(_percent(figure) for figure in figures), str(one.unjudged))
    console().print(table)


def _percent(figure: float | None) -> str:
    return "–" if figure is None else f"{100 * figure:.1f}"
