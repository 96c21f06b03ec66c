from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.store.protocol import Standing, Step, Strike
from headgate.guard.store.standing import CLEAR, barred, decayed, struck, summed, worse

STEPS = (Step(points=10, seconds=600), Step(points=20, seconds=6000))
moments = st.floats(0, 1000, allow_nan=False)
points = st.floats(0, 50, allow_nan=False)


def strike(value: float) -> Strike:
    return Strike(key="k", points=value, half_life=100, steps=STEPS)


def test_half_is_forgotten_every_half_life() -> None:
    assert decayed(Standing(points=8, at=1000), half_life=100, now=1200) == 2
    assert decayed(Standing(points=8, at=1000), half_life=100, now=900) == 8


@pytest.mark.parametrize(("value", "until"), [(9.9, 0), (10, 600), (20, 6000), (99, 6000)])
def test_the_highest_step_that_is_reached_bars(value: float, until: float) -> None:
    assert struck(CLEAR, strike(value), now=0).until == until


def test_a_bar_ends_on_time() -> None:
    standing = struck(CLEAR, strike(10), now=100)
    assert barred(standing, now=699.9)
    assert not barred(standing, now=700)


@given(first=points, second=points, at=moments, later=moments)
def test_points_counted_apart_sum_to_points_counted_together(
    first: float, second: float, at: float, later: float
) -> None:
    apart = summed(
        struck(CLEAR, strike(first), now=at),
        struck(CLEAR, strike(second), now=at + later),
        half_life=100,
        now=at + later,
    )
    together = struck(struck(CLEAR, strike(first), now=at), strike(second), now=at + later)
    assert apart.points == pytest.approx(together.points)
    assert apart.until <= together.until


def test_the_worse_of_two_has_the_more_points_and_the_longer_bar() -> None:
    one, other = Standing(points=4, at=0, until=50), Standing(points=3, at=100, until=20)
    assert worse(one, other, half_life=100, now=100) == Standing(points=3, at=100, until=50)
