from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.store.protocol import Charge, Window
from headgate.guard.store.window import added, fits, more, rolled, used, wait

amounts = st.integers(0, 1000)
moments = st.floats(600, 780, allow_nan=False)


def charge(limit: float, cost: float = 1.0) -> Charge:
    return Charge(key="k", limit=limit, period=60, cost=cost)


def test_the_older_period_counts_for_as_much_of_it_as_is_still_inside() -> None:
    window = Window(index=10, current=2, previous=8)
    assert used(window, period=60, now=600) == 10
    assert used(window, period=60, now=645) == 4


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (659, Window(index=10, current=2, previous=8)),
        (660, Window(index=11, previous=2)),
        (720, Window(index=12)),
        (100, Window(index=10, current=2, previous=8)),
    ],
)
def test_a_window_rolls_on_with_the_clock_and_never_back(now: float, left: Window) -> None:
    assert rolled(Window(index=10, current=2, previous=8), period=60, now=now) == left


@given(current=amounts, previous=amounts, now=moments, limit=st.integers(1, 1000), cost=st.integers(0, 1000))
def test_after_the_wait_it_fits_and_shortly_before_it_does_not(
    current: float, previous: float, now: float, limit: float, cost: float
) -> None:
    window, asked = Window(index=10, current=current, previous=previous), charge(limit, cost)
    seconds = wait(window, asked, now=now)
    if math.isinf(seconds):
        assert cost > limit
        return
    assert fits(window, asked, now=now + seconds + 0.1)
    if seconds > 0.1:
        assert not fits(window, asked, now=now + seconds - 0.1)


@given(costs=st.lists(st.integers(1, 5), max_size=30), limit=st.integers(1, 20))
def test_within_one_period_the_limit_is_exact(costs: list[int], limit: int) -> None:
    window = Window(index=10)
    for cost in costs:
        if fits(window, charge(limit, cost), now=630):
            window = added(window, cost, period=60, now=630)
    assert window.current <= limit


def test_giving_back_more_than_there_is_leaves_nothing() -> None:
    assert added(Window(index=10, current=2), -5, period=60, now=600).current == 0


def test_what_is_told_late_never_lowers_what_is_known() -> None:
    known, late = Window(index=10, current=9, previous=2), Window(index=9, current=5)
    assert more(known, late, Window()) == Window(index=10, current=9, previous=5)
    assert more(known, Window(index=10, current=9), Window(index=10, current=1)).current == 10
