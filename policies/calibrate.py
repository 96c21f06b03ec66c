"""Thresholds that hold a false-alarm rate, from scores of harmless examples.

Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster, arXiv 2208.02814, theorem 1): with n exchangeable
examples, the loosest threshold at which (false alarms + 1) / (n + 1) is at most the rate holds it on average over
such samples. How far a single sample may lie from that is the bound of Clopper and Pearson (Biometrika 26, 1934).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ..models.errors import InputError

DECIMALS: Final = 4
HALVINGS: Final = 60


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold of one key, from `rows` harmless examples of which `alarms` reach it; None where there is none.

    `upper` bounds the true rate with the asked confidence; `recall` is the share of the `harmful` examples that reach
    it. `needed` is how many harmless examples the promise takes at least, and `needed_sure` how many it takes for the
    bound to hold it too, if none of them is an alarm.
    """

    key: str
    fpr: float
    rows: int
    needed: int
    needed_sure: int
    threshold: float | None = None
    alarms: int = 0
    upper: float | None = None
    harmful: int = 0
    recall: float | None = None


def calibrate(
    key: str, harmless: Sequence[float], harmful: Sequence[float] = (), *, fpr: float, confidence: float = 0.95
) -> Calibrated:
    """The threshold of a key by its scores, 0..1; InputError for rates and scores that are none."""
    if not 0 < fpr < 1 or not 0 < confidence < 1:
        raise InputError("the rate and the confidence must be over 0 and under 1", param="fpr")
    if any(not 0 <= score <= 1 for score in (*harmless, *harmful)):
        raise InputError(f"a score of {key} is not between 0 and 1", param=key)
    found = Calibrated(
        key=key,
        fpr=fpr,
        rows=len(harmless),
        needed=math.ceil(1 / fpr - 1e-9) - 1,
        needed_sure=math.ceil(math.log(1 - confidence) / math.log(1 - fpr)),
        harmful=len(harmful),
    )
    threshold = _threshold(harmless, fpr)
    if threshold is None:
        return found
    alarms = sum(score >= threshold for score in harmless)
    return msgspec.structs.replace(
        found,
        threshold=threshold,
        alarms=alarms,
        upper=upper_bound(alarms, len(harmless), confidence=confidence),
        recall=sum(score >= threshold for score in harmful) / len(harmful) if harmful else None,
    )


def upper_bound(count: int, rows: int, *, confidence: float) -> float:
    """The highest rate under which at most `count` of `rows` would still be seen with probability 1 - confidence."""
    if count >= rows:
        return 1.0
    low, high = count / rows, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _at_most(count, rows, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def thresholds_of(found: Sequence[Calibrated]) -> Mapping[str, float]:
    """The thresholds that were found, by key, as a policy writes them."""
    return {one.key: one.threshold for one in found if one.threshold is not None}


def _threshold(scores: Sequence[float], fpr: float) -> float | None:
    """The least threshold of four digits that few enough scores reach; None where even 1 is reached by too many."""
    allowed = math.floor(fpr * (len(scores) + 1) + 1e-9) - 1
    if allowed < 0:
        return None
    falling = sorted(scores, reverse=True)
    if allowed >= len(falling):
        return 10**-DECIMALS
    step = 10**DECIMALS
    # Strictly over the first score that must not reach it.
    steps = math.floor(falling[allowed] * step)
    threshold = next(at / step for at in range(steps, steps + 3) if at / step > falling[allowed])
    return threshold if threshold <= 1 else None


def _at_most(count: int, rows: int, rate: float) -> float:
    """The probability of at most `count` of `rows`, each with the same chance."""
    if rate <= 0 or rate >= 1:
        return 1.0 if rate <= 0 else 0.0
    each = [
        math.lgamma(rows + 1)
        - math.lgamma(k + 1)
        - math.lgamma(rows - k + 1)
        + k * math.log(rate)
        + (rows - k) * math.log1p(-rate)
        for k in range(count + 1)
    ]
    return math.fsum(math.exp(one) for one in each)
