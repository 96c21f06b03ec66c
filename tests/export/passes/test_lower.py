from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from headgate.export.passes.lower import lower
from headgate.models.errors import ConfigError

from .graphs import feeds, run, small


def test_float16_agrees_where_squares_and_masks_would_overflow(tmp_path: Path) -> None:
    exact = run(small(), tmp_path, feeds())
    found = run(lower(small(), "fp16"), tmp_path, feeds())
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, exact, atol=0.02)


def test_bfloat16_is_rounded_as_it_would_be_and_no_more(tmp_path: Path) -> None:
    exact = run(small(), tmp_path, feeds())
    found = run(lower(small(), "bf16", emulate=True), tmp_path, feeds())
    gap = np.abs(found - exact).max()
    assert 0 < gap < 0.1


@pytest.mark.parametrize(("kind", "element"), [("fp16", TensorProto.FLOAT16), ("bf16", TensorProto.BFLOAT16)])
def test_weights_shrink_and_inputs_outputs_and_the_last_product_keep_their_types(
    kind: Literal["fp16", "bf16"], element: int
) -> None:
    model = lower(small(), kind)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert types["table/low"] == types["first/low"] == element
    assert types["head"] == TensorProto.FLOAT
    assert "table" not in types
    assert [one.type.tensor_type.elem_type for one in model.graph.output] == [TensorProto.FLOAT]


def test_masks_become_numbers_that_still_add_up_to_a_finite_one() -> None:
    held = {tensor.name: tensor for tensor in lower(small(), "fp16").graph.initializer}
    mask = numpy_helper.to_array(held["lowest/low"])
    assert mask.dtype == np.float16
    assert np.isfinite(mask + mask)
    assert mask <= -1e4


def test_a_tensor_without_a_type_is_refused() -> None:
    model = small()
    model.graph.node.insert(0, helper.make_node("Unknown", ["input_ids"], ["odd"], domain="nowhere"))
    model.graph.node.append(helper.make_node("Add", ["odd", "odd"], ["more"]))
    model.opset_import.append(helper.make_opsetid("nowhere", 1))
    with pytest.raises(ConfigError, match="'odd'"):
        lower(model, "fp16")
