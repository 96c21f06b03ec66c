"""A small graph for rewrites: two products with a root mean square between them, a mask and an embedding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper, save

LOWEST = float(np.finfo(np.float32).min)


def small(*, seed: int = 3, width: int = 64) -> Any:
    rng = np.random.default_rng(seed)
    held = {
        "table": rng.normal(size=(20, width)).astype(np.float32) * 40,
        "first": (rng.normal(size=(width, width)) / 8).astype(np.float32),
        "head": (rng.normal(size=(width, 3)) / 8).astype(np.float32),
        "two": np.array(2.0, dtype=np.float32),
        "eps": np.array(1e-6, dtype=np.float32),
        "lowest": np.array(LOWEST, dtype=np.float32),
        "zero": np.array(0.0, dtype=np.float32),
        "last": np.array([-1]),
        "one": np.array([1]),
        "dead": np.ones(9, dtype=np.float32),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "input_ids"], ["words"]),
        node("MatMul", ["words", "first"], ["mixed"]),
        node("Pow", ["mixed", "two"], ["squares"]),
        node("ReduceMean", ["squares", "last"], ["mean"], keepdims=1),
        node("Add", ["mean", "eps"], ["steady"]),
        node("Sqrt", ["steady"], ["root"]),
        node("Div", ["mixed", "root"], ["normal"]),
        node("Cast", ["attention_mask"], ["kept"], to=TensorProto.BOOL),
        node("Where", ["kept", "zero", "lowest"], ["mask"]),
        node("Softmax", ["mask"], ["share"], axis=-1),
        node("Unsqueeze", ["share", "last"], ["column"]),
        node("Mul", ["normal", "column"], ["weighted"]),
        node("ReduceSum", ["weighted", "one"], ["pooled"], keepdims=0),
        node("MatMul", ["pooled", "head"], ["logits"]),
        node("Identity", ["dead"], ["nobody"]),
    ]
    value = helper.make_tensor_value_info
    inputs = [value(name, TensorProto.INT64, ["batch", "sequence"]) for name in ("input_ids", "attention_mask")]
    outputs = [value("logits", TensorProto.FLOAT, ["batch", 3])]
    constants = [numpy_helper.from_array(array, name) for name, array in held.items()]
    graph = helper.make_graph(nodes, "small", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def feeds(seed: int = 4) -> dict[str, np.ndarray]:
    ids = np.random.default_rng(seed).integers(0, 20, size=(4, 7))
    mask = np.ones_like(ids)
    mask[2, 3:] = 0
    return {"input_ids": ids, "attention_mask": mask}


def run(model: Any, folder: Path, given: dict[str, np.ndarray], *, optimise: bool = True) -> np.ndarray:
    checker.check_model(model)
    save(model, str(folder / "run.onnx"))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(folder / "run.onnx"), options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["logits"], given)[0])
