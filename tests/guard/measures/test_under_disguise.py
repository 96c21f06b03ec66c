from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.measures.under_disguise import Pair, under_disguise

PAIRS = st.lists(
    st.builds(
        Pair,
        way=st.sampled_from(["leetspeak", "spacing"]),
        positive=st.booleans(),
        plain=st.floats(0, 1),
        disguised=st.floats(0, 1),
    ),
    max_size=40,
)


def test_the_drop_is_what_the_disguise_cost() -> None:
    pairs = [
        Pair(way="spacing", positive=True, plain=0.9, disguised=0.1),
        Pair(way="spacing", positive=True, plain=0.9, disguised=0.8),
        Pair(way="leetspeak", positive=False, plain=0.1, disguised=0.7),
    ]
    found = under_disguise(pairs, threshold=0.5, seed=4)
    assert (found.rows, found.seed, found.recall, found.recall_drop) == (3, 4, 0.5, 0.5)
    assert (found.f1, found.f1_drop) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (found.fpr, found.fpr_rise) == (1.0, 1.0)
    leet, spaced = found.ways
    assert (leet.way, leet.rows, leet.recall, leet.fpr, leet.plain_fpr) == ("leetspeak", 1, None, 1.0, 0.0)
    assert (spaced.way, spaced.plain_recall, spaced.recall) == ("spacing", 1.0, 0.5)


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_the_ways_share_the_rows(pairs: list[Pair]) -> None:
    found = under_disguise(pairs, threshold=0.5, seed=0)
    assert sum(way.rows for way in found.ways) == found.rows == len(pairs)


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_a_disguise_that_changes_no_score_costs_nothing(pairs: list[Pair]) -> None:
    same = [Pair(way=one.way, positive=one.positive, plain=one.plain, disguised=one.plain) for one in pairs]
    found = under_disguise(same, threshold=0.5, seed=0)
    assert {found.f1_drop, found.recall_drop, found.fpr_rise} <= {0.0, None}
