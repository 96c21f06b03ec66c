"""A model repository as Triton reads it, and the embedded model behind a v2 server through its folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from headgate.export.job import Request, export
from headgate.export.onnx import run_graph
from headgate.export.source import Asked
from headgate.export.tensorrt import Buckets
from headgate.models.assemble import assemble
from headgate.models.classifier import is_local
from headgate.models.content import Text
from headgate.models.exported import read
from headgate.models.manifest import checked_files
from headgate.models.place import Place
from headgate.models.registry import embedded
from headgate.models.run_onnx import OnnxRuntime
from headgate.models.runtimes import open_runtime

from ..models.v2_server import serving


def test_the_embedded_model_is_served_from_its_repository_and_answers_alike(tmp_path: Path) -> None:
    out = tmp_path / "served"
    export(
        Request(model="text", to="triton", out=out, precision="int8", asked=Asked(rows=2), buckets=Buckets((1, 4, 16)))
    )
    manifest = read(out)
    checked_files(out, manifest.files)
    assert manifest.export.graph == "repository/text/1/model.onnx"
    config = (out / "repository" / "text" / "config.pbtxt").read_text()
    assert re.search(r'^name: "text"$', config, re.MULTILINE)
    assert "max_batch_size: 16" in config
    assert "preferred_batch_size: [ 4, 16 ]" in config
    assert "version_policy { latest { num_versions: 1 } }" in config
    assert re.findall(r'name: "(\w+)" data_type: (\w+) dims: \[ (-?\d+) \]', config) == [
        ("input_ids", "TYPE_INT64", "-1"),
        ("attention_mask", "TYPE_INT64", "-1"),
        ("token_type_ids", "TYPE_INT64", "-1"),
        ("logits", "TYPE_FP32", str(len(manifest.heads))),
    ]
    assert config.count("{") == config.count("}")
    rows = [[101, 1, 2054, 2003, 102], [101, 1, 2172, 102]]
    types = [[0] * len(row) for row in rows]
    names = ("input_ids", "attention_mask", "token_type_ids")
    with serving(run_graph(out / manifest.export.graph), name="text", inputs=names) as server:
        found = open_runtime(out, place=Place(url=server.url)).run(rows, types)
        (served,) = assemble({"use": "text", "via": "kserve", "path": str(out), "url": server.url})
        parts = [Text(text="What do bees do in winter?"), Text(text="I will find you and break your legs.")]
        assert served.assess(parts) == assemble("text")[0].assess(parts)
        assert not is_local(served)
    np.testing.assert_allclose(found, OnnxRuntime(embedded() / "model.onnx").run(rows, types), atol=1e-5)
