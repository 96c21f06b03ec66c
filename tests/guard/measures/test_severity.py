from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.measures.severity import grades, quadratic_kappa

sk = pytest.importorskip("sklearn.metrics")

LEVEL = st.integers(0, 3)
PAIRS = st.lists(st.tuples(LEVEL, LEVEL), min_size=1, max_size=50)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_kappa_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, found = [a for a, _ in pairs], [b for _, b in pairs]
    expected = sk.cohen_kappa_score(truth, found, weights="quadratic", labels=[0, 1, 2, 3])
    kappa = quadratic_kappa(truth, found, levels=4)
    assert kappa is None if math.isnan(expected) else kappa == pytest.approx(expected)
    assert grades(truth, found).qwk == kappa


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_macro_f1_and_the_matrix_agree_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, found = [a for a, _ in pairs], [b for _, b in pairs]
    result = grades(truth, found)
    assert result.macro_f1 == pytest.approx(sk.f1_score(truth, found, average="macro", zero_division=0))
    assert [list(row) for row in result.confusion] == sk.confusion_matrix(truth, found, labels=[0, 1, 2, 3]).tolist()


def test_severe_rows_are_found_confused_or_played_down() -> None:
    result = grades([3, 3, 3, 3, 0], [3, 2, 1, 0, 3])
    assert (result.rows, result.severe_recall, result.severe_to_minor) == (5, 0.25, 0.5)


def test_without_rows_or_severe_ones_nothing_is_claimed() -> None:
    nothing = grades([], [])
    assert (nothing.rows, nothing.qwk, nothing.macro_f1, nothing.severe_recall) == (0, None, None, None)
    assert grades([0, 1], [0, 1]).severe_to_minor is None
    assert quadratic_kappa([], [], levels=4) is None
