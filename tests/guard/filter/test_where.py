from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.filter.where import chosen, conditions, cutoff_for, cutoff_of, holds
from headgate.models.errors import ConfigError

ROW: dict[str, Any] = {"lang": "en", "n": 5, "meta": {"quality": 0.75}, "flag": True, "none": None}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("lang=en", True),
        ("lang=e*", True),
        ("lang!=en", False),
        ("missing=", True),
        ("missing!=x", True),
        ("n>4", True),
        ("n<=4", False),
        ("n>=5", True),
        ("n<5", False),
        ("meta.quality>0.7", True),
        ("lang>3", False),
        ("missing>3", False),
        ("flag=true", True),
        ("none=", True),
    ],
)
def test_a_condition_looks_at_a_column(item: str, said: bool) -> None:
    assert holds(ROW, conditions([item])) is said


def test_all_conditions_must_hold() -> None:
    assert holds(ROW, conditions(["lang=en", "n>4"]))
    assert not holds(ROW, conditions(["lang=en", "n>5"]))


@pytest.mark.parametrize("item", ["lang", "=en", "n>many"])
def test_what_is_no_condition_is_named(item: str) -> None:
    with pytest.raises(ConfigError, match="--where"):
        conditions([item])


@given(st.integers(0, 30), st.integers(0, 40), st.integers())
def test_a_sample_of_so_many_rows_has_so_many(rows: int, count: int, seed: int) -> None:
    places = [(number % 3, number) for number in range(rows)]
    cutoff = cutoff_of(places, count, seed=seed)
    assert sum(chosen(file, number, cutoff=cutoff, seed=seed) for file, number in places) == min(rows, count)


def test_a_share_of_all_is_all_and_of_none_none() -> None:
    assert all(chosen(0, number, cutoff=cutoff_for(1.0), seed=1) for number in range(50))
    assert not any(chosen(0, number, cutoff=cutoff_for(0.0), seed=1) for number in range(50))
