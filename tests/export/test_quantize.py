from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import load, save

from headgate.export.quantize import convert, rounded
from headgate.export.spec import Precision
from headgate.models.errors import ConfigError

from .passes.graphs import feeds, run, small


def converted(folder: Path, precision: Precision, device: str) -> Path:
    path = folder / "model.onnx"
    save(small(), str(path))
    convert(path, precision, device=device, feeds=[feeds()])  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("precision", "device", "operator"),
    [
        ("fp32", "cpu", "Softmax"),
        ("int8", "cpu", "MatMulIntegerToFloat"),
        ("int8", "gpu", "QuantizeLinear"),
        ("fp8", "gpu", "QuantizeLinear"),
        ("fp16", "gpu", "Cast"),
    ],
)
def test_a_precision_is_made_in_place_and_answers_alike(
    precision: Precision, device: str, operator: str, tmp_path: Path
) -> None:
    path = converted(tmp_path, precision, device)
    assert operator in {node.op_type for node in load(str(path)).graph.node}
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]
    exact = run(small(), tmp_path, feeds())
    found = run(load(str(path)), tmp_path, feeds(), optimise=False)
    np.testing.assert_allclose(found, exact, atol=0.2)


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
def test_what_no_cpu_runs_is_not_made_for_one(precision: Precision, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no CPU runs it"):
        converted(tmp_path, precision, "cpu")


def test_bfloat16_is_compared_through_a_graph_that_rounds(tmp_path: Path) -> None:
    save(small(), str(tmp_path / "model.onnx"))
    rounded(tmp_path / "model.onnx", tmp_path / "rounded.onnx")
    found = run(load(str(tmp_path / "rounded.onnx")), tmp_path, feeds())
    assert 0 < np.abs(found - run(small(), tmp_path, feeds())).max() < 0.2
