from __future__ import annotations

import numpy as np
import pytest

from headgate.export.parity import Judgement, compare, decisions
from headgate.models.errors import ExportRefused
from headgate.models.exported import Parity, Tolerance

LOGITS = np.array([[2.0, -2.0], [-2.0, 2.0], [0.1, 0.0]])
WORDS = ("allow", "refuse", "allow")
STRICT = Tolerance(logits=0.01, flips=0.0)


def compared(logits: np.ndarray, words: tuple[str, ...] = WORDS, tolerance: Tolerance = STRICT) -> Parity:
    before, after = Judgement(LOGITS, WORDS), Judgement(logits, words)
    return compare(before, after, tolerance=tolerance, policy="default", against="the original")


def test_small_differences_are_measured_and_pass() -> None:
    parity = compared(LOGITS + 0.005)
    assert (parity.worst, parity.mean, parity.flips, parity.rows) == (0.005, 0.005, 0, 3)


def test_a_logit_beyond_the_tolerance_is_refused() -> None:
    with pytest.raises(ExportRefused, match=r"a logit differs by 0\.02"):
        compared(LOGITS + 0.02)


def test_a_changed_decision_is_refused_however_close_the_logits() -> None:
    with pytest.raises(ExportRefused, match="1 of 3 decisions"):
        compared(LOGITS, ("allow", "allow", "allow"))
    loose = Tolerance(logits=1.0, flips=0.4)
    assert compared(LOGITS, ("allow", "allow", "allow"), loose).flips == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_logits_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ExportRefused, match="not finite"):
        compared(np.where(LOGITS > 1, bad, LOGITS), tolerance=Tolerance(logits=np.inf, flips=1))


def test_nothing_compared_is_not_equal() -> None:
    empty = Judgement(np.zeros((0, 2)), ())
    with pytest.raises(ExportRefused, match="nothing to compare"):
        compare(empty, empty, tolerance=STRICT, policy="default", against="x")
    with pytest.raises(ExportRefused, match="nothing to compare"):
        compared(LOGITS[:, :1])


def test_labels_that_reach_the_threshold_are_the_decision() -> None:
    labels = ("fine", "rude")
    assert decisions(LOGITS, labels=labels, activation="sigmoid", threshold=0.5) == ("fine", "rude", "fine rude")
    assert decisions(LOGITS, labels=labels, activation="sigmoid", threshold=0.99) == ("", "", "")


def test_of_a_softmax_the_likeliest_label_counts_where_none_reaches_it() -> None:
    found = decisions(LOGITS * 100, labels=("fine", "rude"), activation="softmax", threshold=0.5)
    assert found == ("fine", "rude", "fine")
    assert decisions(LOGITS, labels=("fine", "rude"), activation="softmax", threshold=0.9)[2] == "fine"
