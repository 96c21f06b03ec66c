from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper

from headgate.export.passes.qdq import measure, quantise
from headgate.models.errors import ConfigError

from .graphs import feeds, run, small


@pytest.mark.parametrize(("kind", "most"), [("int8", 0.05), ("fp8", 0.15)])
def test_quantised_products_stay_close_on_rows_that_were_not_calibrated_with(
    kind: Literal["int8", "fp8"], most: float, tmp_path: Path
) -> None:
    exact = run(small(), tmp_path, feeds(9))
    found = run(quantise(small(), kind, [feeds()]), tmp_path, feeds(9), optimise=False)
    gap = float(np.abs(found - exact).max())
    assert 0 < gap < most


def test_weights_are_symmetric_int8_with_a_scale_for_each_channel() -> None:
    model = quantise(small(), "int8", [feeds()])
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    weight, step = numpy_helper.to_array(held["first/int8"]), numpy_helper.to_array(held["first/step"])
    assert weight.dtype == np.int8
    assert np.abs(weight).max(axis=0).tolist() == [127] * 64
    original = numpy_helper.to_array(next(one for one in small().graph.initializer if one.name == "first"))
    np.testing.assert_allclose(weight * step, original, atol=float(step.max()) / 2 + 1e-7)
    assert held["int8/zero"].data_type == TensorProto.INT8
    assert numpy_helper.to_array(held["int8/zero"]) == 0


def test_small_products_and_the_last_one_stay_as_they_are() -> None:
    model = quantise(small(), "int8", [feeds()])
    inputs = {node.output[0]: list(node.input) for node in model.graph.node if node.op_type == "MatMul"}
    assert inputs["logits"] == ["pooled", "head"]
    assert inputs["mixed"] == ["words/rounded", "first/rounded"]


def test_peaks_are_those_of_the_rows() -> None:
    table = next(one for one in small().graph.initializer if one.name == "table")
    largest = float(np.abs(numpy_helper.to_array(table)[feeds()["input_ids"]]).max())
    assert 0.8 * largest < measure(small(), ["words"], [feeds()])["words"] <= largest


def test_without_rows_or_products_there_is_nothing_to_calibrate() -> None:
    with pytest.raises(ConfigError, match="0 rows"):
        quantise(small(), "int8", [])
    with pytest.raises(ConfigError, match="0 products"):
        quantise(small(), "int8", [feeds()], smallest=1 << 20)
