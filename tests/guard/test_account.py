"""Each bound of the budget ends the rounds by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.account import Account
from headgate.policies.compiled import Regenerate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def plan(**more: Any) -> Regenerate:
    bounds: dict[str, Any] = {"seconds": None, "tokens": None, "money": None, **more}
    return Regenerate(rounds=5, strategy=("blind",), tighten=True, least_severe=False, n=1, **bounds)


def test_rounds_end_it() -> None:
    account = Account(plan(), Clock())
    assert not account.spent(rounds=1)
    account.draw(5)
    assert account.spent(rounds=1)
    assert not account.spent(rounds=2)


def test_seconds_count_from_the_start_and_not_from_the_first_round() -> None:
    clock = Clock()
    account = Account(plan(seconds=2.0), clock)
    clock.now = 2.0
    account.begin()
    assert account.spent(rounds=5)


def test_money_is_usage_times_price_and_helpers_are_paid() -> None:
    account = Account(plan(money=1.0, price_input=2.0, price_output=10.0), Clock(), prompt=100_000)
    account.draw(10_000, prompt_tokens=50_000, helper_tokens=20_000)
    assert account.money == pytest.approx(0.4)
    account.draw(0)
    assert account.money == pytest.approx(0.6)
    account.lost()
    account.lost()
    assert account.spent(rounds=5)


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=8), st.floats(0.1, 30))
def test_no_round_is_begun_that_the_mean_says_would_end_too_late(lasts: list[float], deadline: float) -> None:
    clock = Clock()
    account = Account(plan(), clock, deadline=deadline)
    account.begin()
    for seconds in lasts:
        clock.now += seconds
        account.draw(1)
    mean = clock.now / len(lasts)
    assert account.spent(rounds=99) == (clock.now + mean > deadline)
