"""Exported folders with a graph of one embedding, for tests that need no checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers

from headgate.models.exported import Axes, Export, Exported, Parity, Pixels, Tolerance
from headgate.models.manifest import FileEntry, sha256

WORDS = ("[UNK]", "tea", "alarm", "storm", "is", "warm")


def token_graph(path: Path, table: np.ndarray) -> None:
    """`input_ids` [1, tokens] to the rows of a table [tokens, columns]."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes = [
        helper.make_node("Squeeze", ["input_ids", "first"], ["ids"]),
        helper.make_node("Gather", ["table", "ids"], ["logits"]),
    ]
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["tokens", table.shape[1]])
    held = [numpy_helper.from_array(table.astype(np.float32), "table"), numpy_helper.from_array(np.array([0]), "first")]
    graph = helper.make_graph(nodes, "tokens", [ids], [out], held)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def pixel_graph(path: Path) -> None:
    """`pixel_values` [1, 3, 2, 2] to two logits: 0 and the mean of the red plane, times 10."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.zeros((12, 2), dtype=np.float32)
    weights[:4, 1] = 2.5
    nodes = [
        helper.make_node("Flatten", ["pixel_values"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, 2, 2])
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph(nodes, "pixels", [pixels], [out], [numpy_helper.from_array(weights, "weights")])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def write_tokenizer(path: Path) -> None:
    """Whole words, and no special tokens of its own."""
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(path))


def write_manifest(
    folder: Path, heads: Sequence[str], *, pixels: Pixels | None = None, task: str = "classification"
) -> Path:
    """The manifest of what lies in the folder."""
    files = {
        path.name: FileEntry(sha256=sha256(path), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
        if path.name != "manifest.json"
    }
    parity = Parity(against="", seen="", rows=0, worst=0.0, mean=0.0, flips=0, policy="default")
    export = Export(
        target="onnx", task=task, graph="model.onnx", source="", opset=17, inputs=(),  # type: ignore[arg-type]
        output=Axes(name="logits", dtype="float32", shape=()), activation="softmax",
        tolerance=Tolerance(logits=0.0, flips=0.0), parity=parity, versions={}, pixels=pixels,
    )  # fmt: skip
    manifest = Exported(
        format=1, name="tiny", version="1", modality="text", architecture="tiny", licence="CC0-1.0", precision="fp32",
        files=files, heads=tuple(heads), calibration={}, export=export,
    )  # fmt: skip
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return folder
