"""A folder such as `export.zero_shot` writes, with graphs small enough to follow by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from tokenizers import Tokenizer, models, pre_tokenizers

from headgate.models.exported import Pixels
from headgate.models.manifest import FileEntry, sha256
from headgate.models.zero_shot import MANIFEST, ZeroShotCard

FRAME = Pixels(height=2, width=2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
WORDS = ["[PAD]", "[UNK]", "bright", "dark"]


def write_encoder(folder: Path, *, activation: str = "sigmoid") -> Path:
    """Pictures and texts as vectors of two: light pictures and "bright" lie one way, dark ones and "dark" the other."""
    weights = np.zeros((12, 2), np.float32)
    weights[:, 0] = 1.0
    _save(
        folder / "image.onnx",
        [helper.make_node("Flatten", ["pixel_values"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["out"])],
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, 2, 2])],
        {"w": weights},
    )
    table = np.array([[0, 0], [0, 1], [1, 0], [-1, 0]], np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "axis"], ["out"], keepdims=0),
    ]
    ids = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])]
    _save(folder / "text.onnx", nodes, ids, {"table": table, "axis": np.array([1], np.int64)})
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    files = {
        name: FileEntry(sha256=sha256(folder / name), bytes=(folder / name).stat().st_size)
        for name in ("image.onnx", "text.onnx", "tokenizer.json")
    }
    card = ZeroShotCard(
        name="tiny", source="tiny", licence="CC0-1.0", files=files, pixels=FRAME, scale=8.0, bias=0.0, length=4,
        pad_id=0, activation=activation,  # type: ignore[arg-type]
    )  # fmt: skip
    (folder / MANIFEST).write_bytes(msgspec.json.encode(card))
    return folder


def _save(path: Path, nodes: list[object], inputs: list[object], weights: dict[str, np.ndarray]) -> None:
    held = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph(nodes, "tiny", inputs, [out], held)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
