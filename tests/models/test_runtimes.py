from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headgate.models.errors import InferenceFailed, ModelUnavailable
from headgate.models.exported import Axes
from headgate.models.place import Place
from headgate.models.run_onnx import OnnxRuntime
from headgate.models.run_remote import KServeRuntime
from headgate.models.runtimes import open_runtime

from .test_exported import exported, write
from .v2_server import serving

ROWS = [[3, 4, 5], [6, 7]]
TYPES = [[0, 0, 0], [0, 0]]


def test_a_folder_of_the_embedded_kind_runs_in_onnxruntime(tiny: Path) -> None:
    runtime = open_runtime(tiny)
    assert isinstance(runtime, OnnxRuntime)
    assert runtime.run([[9, 1, 10]], [[0, 0, 0]]).shape[0] == 1


def test_a_served_folder_asks_the_server_at_its_url(tmp_path: Path) -> None:
    inputs = tuple(
        Axes(name=name, dtype="int64", shape=("batch", "sequence")) for name in ("input_ids", "attention_mask")
    )
    write(tmp_path, exported(target="triton", graph="repository/tiny/1/model.onnx", inputs=inputs))
    with pytest.raises(ModelUnavailable, match="give the server's URL"):
        open_runtime(tmp_path)
    with serving(lambda feeds: feeds["input_ids"][:, :2].astype(np.float32)) as server:
        runtime = open_runtime(tmp_path, place=Place(url=server.url))
        assert isinstance(runtime, KServeRuntime)
        assert runtime.run(ROWS, TYPES).tolist() == [[3, 4], [6, 7]]
        server.model = lambda feeds: feeds["input_ids"][:, :1].astype(np.float32)
        with pytest.raises(InferenceFailed, match="1 logits a row; the model has 2"):
            runtime.run(ROWS, TYPES)


def test_an_engine_whose_manifest_describes_none_is_unavailable(tmp_path: Path) -> None:
    write(tmp_path, exported(target="tensorrt", graph="model.plan"))
    with pytest.raises(ModelUnavailable, match="describes no engine"):
        open_runtime(tmp_path)


def test_a_model_that_was_not_exported_cannot_be_asked_at_a_url(tiny: Path) -> None:
    with pytest.raises(ModelUnavailable, match="--to triton"):
        open_runtime(tiny, place=Place(url="http://127.0.0.1:1"))
