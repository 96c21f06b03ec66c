from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headgate.export.passes.graph import OPSET, Rewrite, attributes, folded, load, save
from headgate.models.errors import ConfigError

from .graphs import feeds, run, small


def test_what_nobody_reads_is_left_out_and_the_rest_answers_alike(tmp_path: Path) -> None:
    exact = run(small(), tmp_path, feeds())
    model = Rewrite.of(small()).done()
    assert "dead" not in {tensor.name for tensor in model.graph.initializer}
    assert "nobody" not in {output for node in model.graph.node for output in node.output}
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]
    assert np.array_equal(run(model, tmp_path, feeds()), exact)


@pytest.mark.parametrize("largest", [100, 1 << 30])
def test_weights_stand_in_a_file_of_their_own_where_they_are_large(tmp_path: Path, largest: int) -> None:
    save(small(), tmp_path / "model.onnx", largest=largest)
    assert (tmp_path / "model.onnx.data").exists() is (largest == 100)
    exact = run(small(), tmp_path, feeds())
    assert np.array_equal(run(load(tmp_path / "model.onnx"), tmp_path, feeds()), exact)


def test_constant_expressions_are_worked_out(tmp_path: Path) -> None:
    rewrite = Rewrite.of(small())
    rewrite.nodes.insert(0, rewrite.nodes[0].__class__())
    rewrite.nodes.pop(0)
    rewrite.constant("half", 0.5, np.float32)
    halved = rewrite.add("Mul", ["head", "half"], "head/half")
    for node in rewrite.nodes:
        if node.output[0] == "logits":
            node.input[1] = halved
    rewrite.nodes.insert(0, rewrite.nodes.pop())
    save(rewrite.done(), tmp_path / "model.onnx")
    found = folded(tmp_path / "model.onnx")
    assert "head/half" not in {output for node in found.graph.node for output in node.output}
    np.testing.assert_allclose(run(found, tmp_path, feeds()), run(small(), tmp_path, feeds()) / 2, rtol=1e-5)


def test_constants_keep_the_first_array_of_a_name_and_its_shape() -> None:
    rewrite = Rewrite(small())
    assert rewrite.constant("scalar", 3.0, np.float32) == "scalar"
    rewrite.constant("scalar", 4.0, np.float32)
    held = rewrite.value("scalar")
    assert held is not None
    assert (held.shape, float(held)) == ((), 3.0)
    assert rewrite.value("input_ids") is None


def test_attributes_are_read_by_name() -> None:
    softmax = next(node for node in small().graph.node if node.op_type == "Softmax")
    assert attributes(softmax) == {"axis": -1}


def test_a_file_that_is_no_graph_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no graph at all")
    with pytest.raises(ConfigError, match="not an ONNX graph"):
        load(tmp_path / "x.onnx")
    with pytest.raises(ConfigError, match="cannot load"):
        folded(tmp_path / "x.onnx")
