"""The embedded int8 graph in ONNX's own operators: no node of another domain, and the same answers but for rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headgate.export.passes.graph import load, save
from headgate.export.passes.plain import plain
from headgate.models.registry import embedded
from headgate.models.run_onnx import OnnxRuntime

from .graphs import feeds, run, small


def test_the_embedded_model_has_no_operator_but_onnxs_and_answers_alike(tmp_path: Path) -> None:
    shipped = embedded() / "model.onnx"
    model = plain(load(shipped))
    assert {node.domain for node in model.graph.node} == {""}
    assert {tensor.data_type for tensor in model.graph.initializer} <= {1, 7}
    save(model, tmp_path / "plain.onnx")
    rng = np.random.default_rng(0)
    rows = [[101, 1, *rng.integers(2000, 20000, length).tolist(), 102] for length in (2, 9, 40)]
    types = [[0] * len(row) for row in rows]
    before = OnnxRuntime(shipped).run(rows, types)
    after = OnnxRuntime(tmp_path / "plain.onnx").run(rows, types)
    assert 0 < np.abs(before - after).max() < 0.5


def test_a_plain_graph_stays_as_it_is(tmp_path: Path) -> None:
    exact = run(small(), tmp_path, feeds())
    assert np.array_equal(run(plain(small()), tmp_path, feeds()), exact)
