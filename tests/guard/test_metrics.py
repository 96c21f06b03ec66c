from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.metrics import curve, measure

sk = pytest.importorskip("sklearn.metrics")

ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 0.9, 1.0])), min_size=1, max_size=60
)


def _split(rows: list[tuple[bool, float]]) -> tuple[list[bool], list[float]]:
    return [label for label, _ in rows], [score for _, score in rows]


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_point_measures_agree_with_scikit_learn(rows: list[tuple[bool, float]], threshold: float) -> None:
    labels, scores = _split(rows)
    flagged = [score >= threshold for score in scores]
    found = measure(labels, scores, threshold=threshold)
    assert (found.f1 or 0.0) == pytest.approx(sk.f1_score(labels, flagged, zero_division=0))
    assert (found.precision or 0.0) == pytest.approx(sk.precision_score(labels, flagged, zero_division=0))
    assert (found.recall or 0.0) == pytest.approx(sk.recall_score(labels, flagged, zero_division=0))


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_curve_measures_agree_with_scikit_learn_ties_included(rows: list[tuple[bool, float]]) -> None:
    labels, scores = _split(rows)
    found = measure(labels, scores, threshold=0.5)
    if any(labels):
        assert found.auprc == pytest.approx(sk.average_precision_score(labels, scores))
    if any(labels) and not all(labels):
        assert found.auroc == pytest.approx(sk.roc_auc_score(labels, scores))


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_recall_at_a_false_alarm_rate_is_the_best_that_any_threshold_gives(rows: list[tuple[bool, float]]) -> None:
    labels, scores = _split(rows)
    found = measure(labels, scores, threshold=0.5)
    if not any(labels) or all(labels):
        assert found.recall_at_fpr_5 is None
        return
    tried = [measure(labels, scores, threshold=at) for at in {*scores, 2.0}]
    assert found.recall_at_fpr_5 == max(one.recall or 0.0 for one in tried if (one.fpr or 0.0) <= 0.05)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_mistakes_are_counted(rows: list[tuple[bool, float]]) -> None:
    labels, scores = _split(rows)
    found = measure(labels, scores, threshold=0.5)
    assert found.false_alarms == sum(score >= 0.5 and not label for label, score in rows)
    assert found.misses == sum(score < 0.5 and label for label, score in rows)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_the_curve_ends_with_everything_flagged(rows: list[tuple[bool, float]]) -> None:
    labels, scores = _split(rows)
    drawn = curve(labels, scores)
    assert (drawn.hits[-1], drawn.alarms[-1]) == (sum(labels), len(labels) - sum(labels))
    assert list(drawn.scores) == sorted(set(scores), reverse=True)


def test_what_is_not_defined_is_none_and_not_zero() -> None:
    empty = measure([], [], threshold=0.5)
    assert (empty.f1, empty.auroc, empty.auprc, empty.fpr) == (None, None, None, None)
    only_safe = measure([False, False], [0.1, 0.9], threshold=0.5)
    assert (only_safe.fpr, only_safe.recall, only_safe.auroc) == (0.5, None, None)


def test_a_score_at_the_threshold_is_flagged() -> None:
    assert measure([True], [0.5], threshold=0.5).recall == 1.0
