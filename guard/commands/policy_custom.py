"""`headgate policy custom`: how well the categories of one's own are told apart, by their examples alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click
import msgspec

from ...models.content import Direction
from ...models.errors import NotJudged
from .shared import json_option, model_option, open_guard

if TYPE_CHECKING:
    from ...policies.seek.likeness import Likeness
    from ..guard import Guard

OTHERS: Final = (0.2, 0.3, 0.4, 0.6)
"""Thresholds that are told beside the one in force."""

WEAK: Final = 0.5
"""A category of which fewer of the examples are found again wants more of them."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One category in one direction, each text judged by a line that was drawn without it.

    `found` of the `examples` reach the threshold, and `alarms` of the `others` (counterexamples and ordinary texts);
    `missed` are the numbers of the examples that do not, from 1. `at` are the same counts at other thresholds.
    """

    name: str
    direction: str
    threshold: float
    examples: int
    found: int
    others: int
    alarms: int
    missed: tuple[int, ...] = ()
    at: tuple[Counts, ...] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What a threshold would find: examples, and others."""

    threshold: float
    found: int
    alarms: int


@click.command()
@click.argument("name")
@model_option()
@json_option()
@click.pass_context
def custom(ctx: click.Context, name: str, model: str | None, as_json: bool) -> None:
    """Show how well a policy's own categories are told apart.

    Each example and each ordinary text is left out in turn, and looked for by what the others say. For categories `by:
    meaning`; needs the embedded text model.
    """
    with open_guard(ctx, policy=name, model=model) as guard:
        found = list(_known(guard))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({"custom": found}) + b"\n")
        return
    for one in found:
        click.echo(_words(one))
        if one.examples > 1 and one.found < WEAK * one.examples:
            click.echo(f"  too few or too different examples: not found again are the {_numbers(one)}")
    if not found:
        click.echo(f"{name} has no categories of its own that go by meaning")


def _known(guard: Guard) -> Iterator[Known]:
    entries = [one for one in guard.policy.custom if one.by == "meaning"]
    if not entries:
        return
    from ...models.meaning import reads_meaning
    from ...policies.seek.about import lines_of
    from ...policies.seek.finder import SURE

    reader = guard.rules.reader
    if reader is None or not reads_meaning(reader):
        raise NotJudged("no loaded model tells what texts are about: use the embedded text model")
    for entry in entries:
        threshold = SURE if entry.threshold is None else entry.threshold
        for direction, line in lines_of(entry, reader).items():
            if entry.directions and direction not in entry.directions:
                continue
            yield Known(
                name=entry.name,
                direction=Direction(direction).value,
                threshold=threshold,
                examples=len(line.found),
                found=sum(score >= threshold for score in line.found),
                others=len(line.alarms),
                alarms=sum(score >= threshold for score in line.alarms),
                at=tuple(_counts(line, at) for at in OTHERS),
                missed=tuple(at for at, score in enumerate(line.found, start=1) if score < threshold),
            )


def _counts(line: Likeness, threshold: float) -> Counts:
    found, alarms = (sum(score >= threshold for score in scores) for scores in (line.found, line.alarms))
    return Counts(threshold=threshold, found=found, alarms=alarms)


def _words(one: Known) -> str:
    held = f"{one.found} of {one.examples} examples are found again, {one.alarms} of {one.others} others too"
    if one.examples == 1:
        held = "one example, of which nothing can be left out: write cases"
    others = "; ".join(f"at {at.threshold:g} {at.found} and {at.alarms}" for at in one.at)
    return f"custom.{one.name}, {one.direction}, threshold {one.threshold:g}: {held} ({others})"


def _numbers(one: Known) -> str:
    return ", ".join(f"{number}." for number in one.missed)
