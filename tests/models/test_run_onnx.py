import sys
from pathlib import Path

import numpy as np
import pytest

from headgate.models.errors import InferenceFailed, ModelUnavailable
from headgate.models.run_onnx import OnnxRuntime

ROWS = [[9, 1, 11, 10], [9, 1, 15, 16, 17, 10], [9, 1, 10]]


def test_rows_are_padded_within_the_batch_and_do_not_touch_each_other(tiny: Path):
    runtime = OnnxRuntime(tiny / "model.onnx")
    types = [[0] * len(row) for row in ROWS]
    together = runtime.run(ROWS, types)
    alone = np.concatenate([runtime.run([row], [kind]) for row, kind in zip(ROWS, types, strict=True)])
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_no_rows_are_no_logits(tiny: Path):
    assert OnnxRuntime(tiny / "model.onnx").run([], []).shape[0] == 0


def test_a_token_outside_the_vocabulary_is_a_failed_inference(tiny: Path):
    with pytest.raises(InferenceFailed, match=r"model\.onnx"):
        OnnxRuntime(tiny / "model.onnx").run([[100_000]], [[0]])


def test_logits_that_are_not_finite_are_a_failed_inference(tmp_path: Path):
    from .conftest import vocabulary, write_graph

    write_graph(tmp_path / "model.onnx", tokens=len(vocabulary()), noise=float("nan"))
    with pytest.raises(InferenceFailed, match="finite"):
        OnnxRuntime(tmp_path / "model.onnx").run([[1, 2]], [[0, 0]])


def test_a_file_that_is_no_model_is_unavailable(tmp_path: Path):
    (tmp_path / "model.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelUnavailable, match="cannot load"):
        OnnxRuntime(tmp_path / "model.onnx")


def test_without_onnxruntime_the_error_holds_the_line_that_installs_it(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'headgate\[cpu\]'"):
        OnnxRuntime(tiny / "model.onnx")
