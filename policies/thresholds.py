"""From what a policy asks (a number or a false-alarm rate) to the numbers that a model's scores are held against."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import msgspec

from ..models.errors import ConfigError
from ..models.manifest import Manifest
from ..models.taxonomy import SLUGS

ALONE = ("prompt_attack", "child_safety")
"""Categories that count by their own score, whatever the overall `unsafe` says."""

FALLBACK = 0.5
"""The threshold where neither the policy nor the model names one: scores are calibrated probabilities."""

LOWEST = 0.05
STEP = 0.15


class Rate(msgspec.Struct, frozen=True, tag="fpr", tag_field="by", omit_defaults=True):
    """A false-alarm rate, 0..1, to be held on the calibration set; None for the model's own operating point.

    `most` is the highest threshold that may come of it; with `point` neither is it above the operating point.
    """

    fpr: float | None = None
    most: float | None = None
    point: bool = False


class Number(msgspec.Struct, frozen=True, tag="number", tag_field="by"):
    """A probability, 0..1."""

    at: float


class ThresholdPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy asks for: overall, for a person at risk, and for the categories that it names."""

    default: Number | Rate | None = None
    sensitive: Number | Rate | None = None
    categories: dict[str, Number | Rate] = {}


class FalseAlarmTable(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's card says: head to {false-alarm rate: threshold}, and each head's own operating point."""

    rates: Mapping[str, Mapping[str, float]] = {}
    points: Mapping[str, float] = {}


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers to hold scores against.

    `alone` are categories that count by themselves, `categories` those that count once the part is flagged.
    """

    default: float = FALLBACK
    sensitive: float = FALLBACK
    alone: dict[str, float] = {}
    categories: dict[str, float] = {}


def table_of(manifest: Manifest) -> FalseAlarmTable:
    """The false-alarm table of a model's card."""
    return FalseAlarmTable(rates=manifest.false_alarm, points=manifest.threshold)


def resolve(plan: ThresholdPlan, table: FalseAlarmTable | None = None) -> Thresholds:
    """The plan's numbers on a model; ConfigError where it asks for a rate that the model's card does not answer."""
    card = table or FalseAlarmTable()
    alone = {slug: _resolved(wanted, slug, card) for slug, wanted in sorted(plan.categories.items())}
    return Thresholds(
        default=_resolved(plan.default, "unsafe", card),
        sensitive=_resolved(plan.sensitive, "sensitive", card),
        alone={slug: _resolved(None, slug, card) for slug in ALONE} | alone,
        categories={slug: card.points[slug] for slug in SLUGS if slug in card.points} | alone,
    )


def nominal(plan: ThresholdPlan) -> Thresholds:
    """The plan's numbers with no model at hand, for policy tests with given scores: a rate stands at 0.5."""
    numbers: dict[str, Number | Rate] = {
        slug: wanted if isinstance(wanted, Number) else Number(_at_most(FALLBACK, wanted.most))
        for slug, wanted in plan.categories.items()
    }
    return resolve(
        ThresholdPlan(
            default=_nominal(plan.default),
            sensitive=_nominal(plan.sensitive),
            categories=numbers,
        )
    )


def tightened(threshold: float, *, rounds: int) -> float:
    """The threshold after a number of rejected draws: 15 % lower for each, not under 0.05, and never raised."""
    return min(threshold, max(LOWEST, threshold * (1.0 - STEP * max(0, rounds))))


def stricter(one: Number | Rate | None, other: Number | Rate | None) -> Number | Rate | None:
    """What asks for the lower of two thresholds, whatever the model; None is the model's operating point."""
    if one == other:
        return one
    if isinstance(one, Number) and isinstance(other, Number):
        return min(one, other, key=lambda number: number.at)
    rates = [wanted.fpr for wanted in (one, other) if isinstance(wanted, Rate) and wanted.fpr is not None]
    points = any(wanted is None or (isinstance(wanted, Rate) and wanted.fpr is None) for wanted in (one, other))
    tops = [top for wanted in (one, other) if (top := _top(wanted)) is not None]
    return Rate(
        fpr=max(rates, default=None),
        most=min(tops, default=None),
        point=(points and bool(rates)) or any(isinstance(wanted, Rate) and wanted.point for wanted in (one, other)),
    )


def _top(wanted: Number | Rate | None) -> float | None:
    return wanted.at if isinstance(wanted, Number) else None if wanted is None else wanted.most


def _nominal(wanted: Number | Rate | None) -> Number | None:
    if wanted is None or isinstance(wanted, Number):
        return wanted
    return Number(_at_most(FALLBACK, wanted.most))


def _at_most(threshold: float, most: float | None) -> float:
    return threshold if most is None else min(threshold, most)


def _resolved(wanted: Number | Rate | None, head: str, card: FalseAlarmTable) -> float:
    point = card.points.get(head, FALLBACK)
    if wanted is None:
        return point
    if isinstance(wanted, Number):
        return wanted.at
    if wanted.fpr is None:
        return _at_most(point, wanted.most)
    at = _at_most(_at_rate(wanted.fpr, head, card.rates.get(head, {})), wanted.most)
    return min(at, point) if wanted.point else at


def _at_rate(fpr: float, head: str, table: Mapping[str, float]) -> float:
    points = sorted({float(rate): threshold for rate, threshold in table.items() if float(rate) > 0}.items())
    if not points:
        raise ConfigError(f"thresholds: the model has no false-alarm table for {head!r}; write a number instead of fpr")
    if not points[0][0] <= fpr <= points[-1][0]:
        raise ConfigError(
            f"thresholds: fpr {fpr:g} for {head!r} is outside the model's table, {points[0][0]:g} to {points[-1][0]:g}"
        )
    for (low, at_low), (high, at_high) in pairwise(points):
        if low <= fpr <= high:
            # Between two measured rates the threshold moves with the logarithm of the rate.
            share = math.log(fpr / low) / math.log(high / low)
            return at_low + share * (at_high - at_low)
    return points[0][1]
