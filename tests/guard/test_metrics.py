from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.metrics import measure, quadratic_kappa

sk = pytest.importorskip("sklearn.metrics")

ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 0.9, 1.0])), min_size=1, max_size=60
)


def _split(rows: list[tuple[bool, float]]) -> tuple[list[bool], list[float]]:
    return [label for label, _ in rows], [score for _, score in rows]


@given(ROWS, st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_point_measures_agree_with_scikit_learn(rows: list[tuple[bool, float]], threshold: float) -> None:
    labels, scores = _split(rows)
    flagged = [score >= threshold for score in scores]
    found = measure(labels, scores, threshold=threshold)
    assert (found.f1 or 0.0) == pytest.approx(sk.f1_score(labels, flagged, zero_division=0))
    assert (found.precision or 0.0) == pytest.approx(sk.precision_score(labels, flagged, zero_division=0))
    assert (found.recall or 0.0) == pytest.approx(sk.recall_score(labels, flagged, zero_division=0))


@given(ROWS)
def test_curve_measures_agree_with_scikit_learn_ties_included(rows: list[tuple[bool, float]]) -> None:
    labels, scores = _split(rows)
    found = measure(labels, scores, threshold=0.5)
    if any(labels):
        assert found.auprc == pytest.approx(sk.average_precision_score(labels, scores))
    if any(labels) and not all(labels):
        assert found.auroc == pytest.approx(sk.roc_auc_score(labels, scores))


@given(ROWS)
def test_recall_at_a_false_alarm_rate_is_the_best_that_any_threshold_gives(rows: list[tuple[bool, float]]) -> None:
    labels, scores = _split(rows)
    found = measure(labels, scores, threshold=0.5)
    if not any(labels) or all(labels):
        assert found.recall_at_fpr_5 is None
        return
    tried = [measure(labels, scores, threshold=at) for at in {*scores, 2.0}]
    assert found.recall_at_fpr_5 == max(one.recall or 0.0 for one in tried if (one.fpr or 0.0) <= 0.05)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=50))
def test_kappa_agrees_with_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, found = [a for a, _ in pairs], [b for _, b in pairs]
    expected = sk.cohen_kappa_score(truth, found, weights="quadratic", labels=[0, 1, 2, 3])
    kappa = quadratic_kappa(truth, found, levels=4)
    assert kappa is None if math.isnan(expected) else kappa == pytest.approx(expected)


def test_what_is_not_defined_is_none_and_not_zero() -> None:
    empty = measure([], [], threshold=0.5)
    assert (empty.f1, empty.auroc, empty.auprc, empty.fpr) == (None, None, None, None)
    only_safe = measure([False, False], [0.1, 0.9], threshold=0.5)
    assert (only_safe.fpr, only_safe.recall, only_safe.auroc) == (0.5, None, None)
    assert quadratic_kappa([], [], levels=4) is None


def test_a_score_at_the_threshold_is_flagged() -> None:
    assert measure([True], [0.5], threshold=0.5).recall == 1.0
