from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.meaning import packed, teller
from headgate.policies.seek.likeness import RIDGE, Likeness, likeness, ordinary_texts, ridge

WIDTH = 6
NONE = np.zeros((0, WIDTH), dtype=np.float32)


def drawn(seed: int, rows: int, *, towards: int | None = None) -> npt.NDArray[np.float32]:
    found = np.random.default_rng(seed).normal(size=(rows, WIDTH)).astype(np.float32)
    if towards is not None:
        found[:, towards] += 6
    return found


def line(seed: int = 0) -> Likeness:
    return likeness(drawn(seed, 5, towards=0), drawn(seed + 1, 3, towards=1), drawn(seed + 2, 20))


def test_what_lies_where_the_examples_lie_is_found_and_the_rest_is_not() -> None:
    assert line().score(drawn(7, 1, towards=0)) > line().score(drawn(7, 1)) > line().score(drawn(7, 1, towards=1))
    assert line().score(drawn(7, 1, towards=1)) < 0.5
    assert max(line().alarms) < 0.5001
    assert line().score(NONE) == 0.0


def test_the_window_that_is_most_alike_counts() -> None:
    windows = drawn(7, 3, towards=0)
    assert line().score(windows) == max(line().score(windows[at : at + 1]) for at in range(3))


def test_what_is_packed_scores_the_same_but_for_its_precision() -> None:
    windows = drawn(7, 2, towards=0)
    assert abs(line().score_of(packed(windows, by="d")) - line().score(windows)) < 0.01


def test_only_the_telling_of_the_model_in_whose_numbers_it_was_drawn_is_read() -> None:
    mine, others = packed(drawn(7, 2), by="d"), packed(drawn(7, 2), by="e")
    one = likeness(drawn(0, 5, towards=0), NONE, drawn(2, 20), by=teller(mine))
    assert one.reads(mine)
    assert not one.reads(others)
    assert not one.reads(b"")


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 27))
def test_leaving_one_out_in_closed_form_is_what_the_equations_without_it_give(seed: int, left: int) -> None:
    rng = np.random.default_rng(seed)
    rows, marks, share = rng.normal(size=(28, WIDTH)), np.sign(rng.normal(size=28)), rng.uniform(0.5, 2, size=28)
    kept = np.arange(28) != left
    known = np.c_[rows, np.ones(28)]
    gram = (known[kept].T * share[kept]) @ known[kept] + RIDGE * np.eye(WIDTH + 1)
    line = np.linalg.solve(gram, (known[kept].T * share[kept]) @ marks[kept])
    assert abs(ridge(rows, marks, share).without[left] - known[left] @ line) < 1e-8


def test_the_ordinary_texts_are_there() -> None:
    assert len(ordinary_texts()) == len(set(ordinary_texts())) == 400
