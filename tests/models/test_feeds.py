from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.errors import InferenceFailed
from headgate.models.feeds import checked, padded

ROWS = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=5)


@given(rows=ROWS, length=st.integers(0, 9))
def test_what_is_padded_is_there_again_under_the_mask(rows: list[list[int]], length: int) -> None:
    feeds = padded(rows, [[1] * len(row) for row in rows], pad_id=7, length=length)
    assert feeds["input_ids"].shape == (len(rows), max(length, max(map(len, rows))))
    for row, ids, mask, types in zip(rows, *(feeds[name] for name in feeds), strict=True):
        assert ids[mask == 1].tolist() == row
        assert (ids[mask == 0] == 7).all()
        assert types.tolist() == mask.tolist()


@pytest.mark.parametrize(
    "logits", [np.zeros((2, 3)), np.zeros(3), np.array([[0.0, np.nan]]), np.array([[np.inf, 0.0]])]
)
def test_logits_of_another_shape_or_not_finite_are_a_failed_inference(logits: np.ndarray) -> None:
    with pytest.raises(InferenceFailed, match="a server"):
        checked(logits, rows=1, name="a server")


def test_a_number_of_columns_is_held_to_where_it_is_known() -> None:
    assert checked(np.zeros((1, 3)), rows=1, columns=3, name="x").shape == (1, 3)
    with pytest.raises(InferenceFailed, match="answered with 1 logits a row; the model has 3"):
        checked(np.zeros((1, 1)), rows=1, columns=3, name="x")


def test_logits_are_float32() -> None:
    assert checked(np.ones((1, 2), dtype=np.float16), rows=1, name="x").dtype == np.float32
