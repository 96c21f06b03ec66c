"""TensorRT for RTX builds without a GPU, so parsing, profiles and manifests are real here; running is for `gpu`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headgate.export.job import Request, export
from headgate.export.source import Asked, open_source
from headgate.export.tensorrt import PROBES, Buckets, build, profiles
from headgate.models.backends import COMPUTE, machine
from headgate.models.errors import ConfigError, ModelUnavailable
from headgate.models.exported import Axes, Profile, read
from headgate.models.manifest import checked_files
from headgate.models.runtimes import open_runtime

from .conftest import Folders

builder = pytest.mark.skipif("tensorrt_rtx" not in machine().installed, reason="no TensorRT for RTX here")
TEXT = (Axes(name="input_ids", dtype="int64", shape=("batch", "sequence")),)


def test_every_batch_and_length_is_a_profile_up_to_what_the_model_reads() -> None:
    found = profiles(TEXT, longest=100, buckets=Buckets((8, 1), (32, 512)))
    assert found == tuple(Profile(batch=batch, length=length) for length in (32, 100) for batch in (1, 8))


def test_a_model_is_not_tuned_for_longer_rows_than_asked_for() -> None:
    found = profiles(TEXT, longest=8192, buckets=Buckets((1,), (32, 128)))
    assert [one.length for one in found] == [32, 128]


def test_images_have_a_profile_for_each_batch() -> None:
    assert [one.batch for one in profiles((), longest=0, buckets=Buckets((1, 4)))] == [1, 4]


def test_a_bucket_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="--batches"):
        profiles(TEXT, longest=10, buckets=Buckets((0, 1)))


@builder
def test_the_embedded_model_becomes_an_engine_with_a_manifest_that_says_where_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "engine"
    export(
        Request(
            model="text",
            to="tensorrt",
            out=out,
            precision="fp16",
            backend="tensorrt_rtx",
            asked=Asked(rows=4),
            buckets=Buckets((8,), (32, 512)),
            flips=0.2,
        )
    )
    manifest = read(out)
    engine = manifest.export.engine
    assert engine is not None
    assert (engine.backend, engine.capabilities) == ("tensorrt_rtx", COMPUTE)
    assert [(one.batch, one.length) for one in engine.profiles] == [(8, 32), (8, 192)]
    assert manifest.export.graph == "model.plan"
    assert manifest.export.versions["tensorrt_rtx"] == engine.version
    assert "model.onnx" not in manifest.files
    checked_files(out, manifest.files)
    if not machine().cuda:
        assert manifest.export.parity.seen == "source graph"
        assert (out / PROBES).is_file()
        with pytest.raises(ModelUnavailable, match="no GPU"):
            open_runtime(out)


@builder
def test_a_vision_transformer_becomes_an_engine(checkpoints: Folders, tmp_path: Path) -> None:
    out = tmp_path / "engine"
    made = export(
        Request(
            model=str(checkpoints("vit")),
            to="tensorrt",
            out=out,
            backend="tensorrt_rtx",
            asked=Asked(rows=8),
            buckets=Buckets((1, 4)),
        )
    )
    assert made.bytes > 10_000
    engine = read(out).export.engine
    assert engine is not None
    assert [(one.batch, one.length) for one in engine.profiles] == [(1, 0), (4, 0)]
    if not machine().cuda:
        with np.load(out / PROBES) as held:
            assert held["0/pixel_values"].shape == (8, 3, 32, 32)
            assert held["0/logits"].shape == (8, 3)


@builder
def test_a_graph_that_it_cannot_read_is_told_in_its_own_words(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    tensor = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])
    other = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])
    node = helper.make_node("NoSuchOperator", ["x"], ["logits"], domain="nowhere")
    graph = helper.make_graph([node], "odd", [tensor], [other])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("nowhere", 1)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), str(tmp_path / "odd.onnx"))
    axes = (Axes(name="x", dtype="float32", shape=("batch", 2)),)
    with pytest.raises(ConfigError, match="NoSuchOperator"):
        build(
            tmp_path / "odd.onnx",
            tmp_path / "odd.plan",
            inputs=axes,
            longest=0,
            buckets=Buckets((1,)),
            backend="tensorrt_rtx",
        )


@pytest.mark.gpu
@pytest.mark.skipif(not machine().cuda, reason="no GPU")
def test_an_engine_on_a_gpu_answers_as_its_original(tmp_path: Path) -> None:
    out = tmp_path / "engine"
    made = export(Request(model="text", to="tensorrt", out=out, precision="fp16", asked=Asked(rows=16)))
    assert made.parity.seen == "engine"
    runtime = open_runtime(out)
    source = open_source("text", Asked(rows=16))
    for feeds in source.feeds():
        rows = len(feeds["input_ids"])
        np.testing.assert_allclose(runtime.feed(feeds, rows=rows), source.original()(feeds), atol=1.0)
