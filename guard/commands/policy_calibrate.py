"""`headgate policy calibrate`: thresholds that hold a false-alarm rate on one's own data, as a patch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ...models.assessment import Assessed, Assessment
from ...models.errors import ConfigError
from ...models.taxonomy import SLUGS
from .shared import BULK_TIMEOUT, console, json_option, map_option, model_option, open_guard

if TYPE_CHECKING:
    from ...policies.calibrate import Calibrated

SHORT = 1
"""The exit code where there were too few examples for a threshold that was asked for."""


@click.command()
@click.argument("policy", default="default")
@click.option("--on", "files", multiple=True, required=True, metavar="FILE", help="Labelled rows; repeatable.")
@click.option("--fpr", type=float, default=0.01, show_default=True, help="The false-alarm rate to hold.")
@click.option("--category", "categories", multiple=True, metavar="SLUG", help="Also of this category; repeatable.")
@click.option("--confidence", type=float, default=0.95, show_default=True, help="Of the bound that is printed.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the patch there, not to stdout."
)
@model_option()
@map_option()
@json_option()
@click.pass_context
def calibrate(
    ctx: click.Context,
    policy: str,
    files: tuple[str, ...],
    fpr: float,
    categories: tuple[str, ...],
    confidence: float,
    output: Path | None,
    model: str | None,
    mapping: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find thresholds that hold a false-alarm rate.

    Rows labelled safe are the harmless examples. The policy is never changed: a patch is printed, or written with -o,
    for `git apply` or `patch`. Exits 1 where there are too few examples.
    """
    from ...policies.calibrate import calibrate as calibrated
    from ...policies.calibrate import thresholds_of
    from ...policies.patch import threshold_patch

    unknown = [slug for slug in categories if slug not in SLUGS]
    if unknown:
        raise ConfigError(f"--category {unknown[0]}: write one of {', '.join(SLUGS)}")
    scored = _scored(ctx, policy, model, files, mapping)
    found = [
        calibrated(key, scored.of(key, harmful=False), scored.of(key, harmful=True), fpr=fpr, confidence=confidence)
        for key in ("default", *categories)
    ]
    patch = threshold_patch(policy, thresholds_of(found)) if thresholds_of(found) else ""
    if output is not None and patch:
        output.write_text(patch, encoding="utf-8")
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"thresholds": found, "patch": patch}) + b"\n")
    else:
        _print(found, confidence=confidence)
        if output is None and patch:
            click.echo(patch, nl=False)
        elif patch:
            click.echo(f"wrote {output}", err=True)
    ctx.exit(SHORT if any(one.threshold is None for one in found) else 0)


class _Scored(msgspec.Struct):
    """Judged rows: what each was labelled, and what the model said."""

    labels: list[bool]
    assessed: list[Assessment]

    def of(self, key: str, *, harmful: bool) -> list[float]:
        """The scores of one side; rows that were not judged, or not for this category, are left out."""
        scores: list[float] = []
        for label, found in zip(self.labels, self.assessed, strict=True):
            if label is harmful and isinstance(found, Assessed):
                score = found.unsafe if key == "default" else found.categories.get(key)
                if score is not None:
                    scores.append(score)
        return scores


def _scored(
    ctx: click.Context, policy: str, model: str | None, files: Sequence[str], mapping: Sequence[str]
) -> _Scored:
    from ..bulk import judged
    from ..files import expand
    from ..rows import columns
    from ..samples import sample

    layout = columns(mapping)
    rows = [row for name in expand(tuple(files)) for row in sample(name, layout=layout).samples]
    with (
        open_guard(ctx, policy=policy, model=model, timeout=BULK_TIMEOUT) as guard,
        console(err=True).status(f"judging {len(rows)} rows"),
    ):
        assessed = judged([row.part for row in rows], lambda parts: guard.judge(parts, bulk=True))
    return _Scored([row.positive for row in rows], assessed)


def _print(found: Sequence[Calibrated], *, confidence: float) -> None:
    for one in found:
        if one.threshold is None:
            held = f"{one.rows} harmless examples are too few for {one.fpr:g}: at least {one.needed} are needed"
            if one.rows >= one.needed:
                held = f"no threshold holds {one.fpr:g}: too many harmless examples score 1"
            click.echo(f"# {one.key}: {held}")
            continue
        upper = f"{one.alarms} of {one.rows} harmless, at most {one.upper:.3%} with {confidence:.0%} confidence"
        caught = "" if one.recall is None else f"; {one.recall:.1%} of {one.harmful} harmful"
        click.echo(f"# {one.key}: {one.threshold:g} ({upper}{caught})")
        if one.upper is not None and one.upper > one.fpr:
            words = f"#   {one.fpr:g} holds on average; to be {confidence:.0%} sure of it takes {one.needed_sure}"
            click.echo(f"{words} examples or more")
