from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.measures.reliability import BINS, reliability

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=100)


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_bins_share_the_rows_evenly_and_in_order(rows: list[tuple[bool, float]]) -> None:
    bins = reliability([label for label, _ in rows], [score for _, score in rows]).bins
    sizes = [one.rows for one in bins]
    assert len(bins) == min(BINS, len(rows))
    assert sum(sizes) == len(rows)
    assert max(sizes) - min(sizes) <= 1
    scores = [one.score for one in bins]
    assert scores == pytest.approx(sorted(scores))


@settings(deadline=None, max_examples=40)
@given(ROWS)
def test_the_order_of_the_rows_changes_nothing(rows: list[tuple[bool, float]]) -> None:
    turned = rows[::-1]
    one, other = (reliability([a for a, _ in some], [b for _, b in some]) for some in (rows, turned))
    assert one.ece == pytest.approx(other.ece)


def test_scores_that_are_right_have_no_error_and_sure_mistakes_all_of_it() -> None:
    assert reliability([True, False], [1.0, 0.0]).ece == 0.0
    assert reliability([False, True], [1.0, 0.0]).ece == 1.0


def test_the_gap_is_weighed_by_rows() -> None:
    found = reliability([True] * 8 + [False] * 2, [0.6] * 10, bins=1)
    assert (found.bins[0].rate, found.ece) == (0.8, pytest.approx(0.2))


def test_without_rows_it_is_not_defined() -> None:
    assert reliability([], []).ece is None
