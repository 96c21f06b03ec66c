from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.errors import InputError
from headgate.policies.calibrate import calibrate, thresholds_of, upper_bound

some = st.one_of(st.floats(0, 1), st.integers(0, 10_000).map(lambda n: n / 10_000))
scores = st.lists(some, min_size=1, max_size=400)


@settings(deadline=None)
@given(scores, st.sampled_from([0.01, 0.05, 0.2]))
def test_few_enough_harmless_examples_reach_the_threshold(found: list[float], fpr: float) -> None:
    one = calibrate("default", found, fpr=fpr)
    if one.threshold is None:
        assert len(found) < one.needed or max(found) > 0.9999
    else:
        assert (one.alarms + 1) / (len(found) + 1) <= fpr + 1e-9
        assert one.alarms == sum(score >= one.threshold for score in found)


@pytest.mark.parametrize(("fpr", "needed"), [(0.01, 99), (0.05, 19), (0.1, 9), (0.001, 999)])
def test_it_says_how_many_examples_the_promise_takes(fpr: float, needed: int) -> None:
    harmless = [index / 2000 for index in range(needed)]
    assert calibrate("default", harmless, fpr=fpr).threshold is not None
    short = calibrate("default", harmless[1:], fpr=fpr)
    assert (short.threshold, short.needed) == (None, needed)


def test_the_rate_holds_on_average_over_samples() -> None:
    draw = random.Random(7)
    rates = []
    for _ in range(400):
        one = calibrate("default", [draw.random() for _ in range(150)], fpr=0.05)
        assert one.threshold is not None
        rates.append(1 - one.threshold)
    assert sum(rates) / len(rates) <= 0.05


@pytest.mark.parametrize(
    ("count", "rows", "expected"), [(0, 299, 0.009969), (5, 100, 0.10225), (1, 10, 0.39416), (10, 10, 1.0)]
)
def test_the_bound_is_that_of_clopper_and_pearson(count: int, rows: int, expected: float) -> None:
    assert upper_bound(count, rows, confidence=0.95) == pytest.approx(expected, abs=1e-4)


def test_harmful_examples_tell_what_the_threshold_costs() -> None:
    one = calibrate("drugs", [0.1] * 50, [0.05, 0.5, 0.9, 0.9], fpr=0.1)
    assert (one.threshold, one.recall) == (0.1001, 0.75)
    assert thresholds_of([one]) == {"drugs": 0.1001}


def test_rates_and_scores_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="over 0 and under 1"):
        calibrate("default", [0.1], fpr=0.0)
    with pytest.raises(InputError, match="not between 0 and 1"):
        calibrate("default", [1.5], fpr=0.1)
