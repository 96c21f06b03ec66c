from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.measures import intervals as module
from headgate.guard.measures.intervals import Interval, intervals
from headgate.guard.metrics import measure

ROWS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.9])), min_size=1, max_size=40)


def _plain(labels: list[bool], scores: list[float], *, resamples: int, seed: int) -> dict[str, Interval | None]:
    """The same by the book: one resample after the other, each measured as a set of its own."""
    generator = np.random.default_rng(seed)
    order = np.argsort(-np.asarray(scores), kind="stable")
    truth, score = np.asarray(labels)[order], np.asarray(scores)[order]
    drawn = generator.integers(0, len(labels), size=(resamples, len(labels)))
    found = [measure(truth[rows], score[rows], threshold=0.5) for rows in drawn]
    bounds: dict[str, Interval | None] = {}
    for name in ("f1", "auprc", "fpr"):
        known = [value for one in found if (value := getattr(one, name)) is not None]
        bounds[name] = Interval(*np.quantile(known, [0.025, 0.975])) if known else None
    return bounds


@settings(deadline=None, max_examples=40)
@given(ROWS, st.integers(0, 3))
def test_all_resamples_at_once_are_what_each_alone_is(rows: list[tuple[bool, float]], seed: int) -> None:
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    found = intervals(labels, scores, threshold=0.5, resamples=20, seed=seed)
    for name, expected in _plain(labels, scores, resamples=20, seed=seed).items():
        bounds = getattr(found, name)
        assert (bounds is None) == (expected is None)
        if expected is not None:
            assert (bounds.low, bounds.high) == pytest.approx((expected.low, expected.high))


def test_more_rows_give_narrower_intervals_around_the_figure() -> None:
    generator = np.random.default_rng(7)
    widths = []
    for rows in (100, 3000):
        labels = generator.random(rows) < 0.4
        scores = np.clip(generator.normal(0.35 + 0.3 * labels, 0.2), 0, 1)
        found, figure = intervals(labels, scores, threshold=0.5), measure(labels, scores, threshold=0.5).f1
        assert found.f1 is not None
        assert figure is not None
        assert found.f1.low < figure < found.f1.high
        widths.append(found.f1.high - found.f1.low)
    assert widths[1] < widths[0] / 3


def test_the_memory_bound_changes_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, scores = [True, False, True, False, True], [0.9, 0.8, 0.7, 0.2, 0.1]
    whole = intervals(labels, scores, threshold=0.5, resamples=50)
    monkeypatch.setattr(module, "_CELLS", 12)
    assert intervals(labels, scores, threshold=0.5, resamples=50) == whole


def test_what_is_not_defined_has_no_interval() -> None:
    nothing = intervals([], [], threshold=0.5)
    assert (nothing.f1, nothing.auprc, nothing.fpr) == (None, None, None)
    only_safe = intervals([False, False], [0.1, 0.9], threshold=0.5)
    assert only_safe.auprc is None
    assert only_safe.fpr is not None
