"""Writes the network as a float32 ONNX graph of onnxruntime's fused CPU kernels, with every constant by its own name.

An exporter's graph holds three times the nodes and transposes for attention. Here one node attends, padding is masked
through one column that is added to every head (the kernel that takes a mask is slower by a quarter), and an input's
smoothing scale and calibrated range stand beside the weight that reads it, for the quantiser.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

from .net import HeadgateNet
from .quantize import RANGE

CONTRIB = "com.microsoft"
MASKED = 1e4
INPUTS = ("input_ids", "attention_mask", "token_type_ids")

Array = npt.NDArray[Any]


class _Writer:
    """Nodes, constants and metadata in the order in which they come."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.metadata: dict[str, str] = {}

    def constant(self, name: str, value: Any, kind: str = "f4") -> str:
        held = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
        self.constants[name] = np.array(held, dtype=kind, order="C")
        return name

    def add(self, kind: str, inputs: list[str], output: str, *, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain or None, **attributes))
        return output

    def norm(self, name: str, module: nn.LayerNorm, given: str) -> str:
        inputs = [given, self.constant(f"{name}.weight", module.weight), self.constant(f"{name}.bias", module.bias)]
        return self.add("LayerNormalization", inputs, name, axis=-1, epsilon=module.eps)

    def scaled(self, name: str, module: Any, given: str) -> str:
        """The input of a smoothed layer, divided by its scale; of a plain one as it is."""
        inverse = getattr(module, "inverse", None)
        return given if inverse is None else self.add("Mul", [given, self.constant(f"{name}.inverse", inverse)], name)

    def pooled(self, name: str, weight: torch.Tensor, bias: torch.Tensor, given: str) -> str:
        """A layer over pooled rows [batch, in]: a Gemm, which the quantiser leaves in float."""
        constants = [self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        return self.add("Gemm", [given, *constants], name, transB=1)

    def linear(self, name: str, module: Any, given: str, *, weight: Array | None = None, bias: Array | None = None,
               ) -> str:  # fmt: skip
        """The layer over `given`, which `scaled` made; `weight` [out, in] and `bias` where not the module's own."""
        chosen = array(module.weight) if weight is None else weight
        held = self.constant(f"{name}.weight", chosen.T)
        product = self.add("MatMul", [given, held], f"{name}.product")
        if getattr(module, "lowest", None) is not None:
            self.metadata[RANGE + held] = f"{float(module.lowest)!r} {float(module.highest)!r}"
        return self.add("Add", [product, self.constant(f"{name}.bias", module.bias if bias is None else bias)], name)


def array(tensor: torch.Tensor) -> Array:
    """The values of a parameter."""
    made: Array = tensor.detach().cpu().numpy()
    return made


def write_graph(net: HeadgateNet, path: Path, *, opset: int) -> None:
    """Write `net`, markers folded: int64 inputs [batch, sequence], output `logits` [batch, heads].

    Raises ValueError where the markers are not folded into the word embeddings.
    """
    if not net.markers_folded:
        raise ValueError("fold_markers(net) must come before its graph is written")
    to = _Writer()
    hidden = _embeddings(to, net)
    kept = to.add("Unsqueeze", [to.add("Cast", ["attention_mask"], "mask", to=1), to.constant("last", [-1], "i8")],
                  "kept")  # fmt: skip
    column = _mask_column(to, net, kept)
    for number, layer in enumerate(net.encoder.encoder.layer):
        hidden = _layer(to, f"layer.{number}", layer, hidden, column)
    _heads(to, net, _pooled(to, net, hidden, kept))
    _save(to, path, opset=opset, heads=int(net.marker_bias.shape[1]))


def _embeddings(to: _Writer, net: HeadgateNet) -> str:
    held = net.encoder.embeddings
    words = to.add("Gather", [to.constant("word_embeddings", held.word_embeddings.weight), "input_ids"], "words")
    types = [to.constant("token_types", held.token_type_embeddings.weight), "token_type_ids"]
    summed = to.add("Add", [words, to.add("Gather", types, "types")], "words_and_types")
    length = to.add("Shape", ["input_ids"], "length", start=1, end=2)
    table, first = to.constant("positions", held.position_embeddings.weight), to.constant("first", [0], "i8")
    places = to.add("Slice", [table, first, length, first], "places")
    return to.norm("embeddings.norm", held.LayerNorm, to.add("Add", [summed, places], "embeddings"))


def _mask_column(to: _Writer, net: HeadgateNet, kept: str) -> str:
    # [B, T, heads * (width + 1)]: what the key of a padded token has in the last column of each head, else zeros.
    config = net.encoder.config
    row = np.zeros((config.num_attention_heads, config.hidden_size // config.num_attention_heads + 1))
    row[:, -1] = MASKED
    dropped = to.add("Sub", [kept, to.constant("one", [1.0])], "dropped")
    return to.add("Mul", [dropped, to.constant("mask_row", row.ravel())], "mask_column")


def _layer(to: _Writer, name: str, layer: Any, hidden: str, column: str) -> str:
    attended = _attention(to, f"{name}.attention", layer.attention.self, hidden, column)
    dense = layer.attention.output
    attended = to.scaled(f"{name}.output.input", dense.dense, attended)
    made = to.linear(f"{name}.output", dense.dense, attended)
    # A Sum, since onnxruntime would fuse Add and LayerNormalization into a kernel that takes seven times as long.
    between = to.norm(f"{name}.attention.norm", dense.LayerNorm, to.add("Sum", [made, hidden], f"{name}.attended"))
    inner = layer.intermediate.dense
    inner = to.linear(f"{name}.inner", inner, to.scaled(f"{name}.inner.input", inner, between))
    active = to.add("Gelu", [inner], f"{name}.active", domain=CONTRIB)
    outer = layer.output.dense
    made = to.linear(f"{name}.outer", outer, to.scaled(f"{name}.outer.input", outer, active))
    return to.norm(f"{name}.norm", layer.output.LayerNorm, to.add("Sum", [made, between], f"{name}.encoded"))


def _attention(to: _Writer, name: str, held: Any, hidden: str, column: str) -> str:
    heads, width = held.num_attention_heads, held.attention_head_size
    # One smoothing scale serves the three, see smooth.py.
    given = to.scaled(f"{name}.input", held.query, hidden)
    made = []
    for part, module, last in (("query", held.query, 1.0), ("key", held.key, 0.0)):
        weight, bias = array(module.weight), array(module.bias)
        wide = np.pad(weight.reshape(heads, width, -1), ((0, 0), (0, 1), (0, 0))).reshape(-1, weight.shape[1])
        ends = np.pad(bias.reshape(heads, width), ((0, 0), (0, 1)), constant_values=last).ravel()
        made.append(to.linear(f"{name}.{part}", module, given, weight=wide, bias=ends))
    query, key = made[0], to.add("Add", [made[1], column], f"{name}.key.masked")
    value = to.linear(f"{name}.value", held.value, given)
    return to.add("MultiHeadAttention", [query, key, value], name, domain=CONTRIB, num_heads=heads, scale=width**-0.5)


def _pooled(to: _Writer, net: HeadgateNet, hidden: str, kept: str) -> str:
    # [B, 2 * width]: mean and [CLS]. The mean as mask times tokens, so that a row's sum does not depend on the batch.
    across = to.add("Transpose", [kept], "kept_across", perm=[0, 2, 1])
    second = to.constant("second", [1], "i8")
    total = to.add("Squeeze", [to.add("MatMul", [across, hidden], "totals"), second], "total")
    mean = to.add("Div", [total, to.add("ReduceSum", [kept, second], "count", keepdims=0)], "mean")
    start = to.add("Gather", [hidden, to.constant("start", 0, "i8")], "cls", axis=1)
    dense = to.pooled("dense", net.dense.weight, net.dense.bias, to.add("Concat", [mean, start], "both", axis=-1))
    return to.add("Gelu", [dense], "pooled", domain=CONTRIB)


def _heads(to: _Writer, net: HeadgateNet, pooled: str) -> None:
    # The three severities are one score less three rising cuts, so they are three equal rows of one matrix.
    cuts = torch.cumsum(torch.cat((net.cuts[:1], nn.functional.softplus(net.cuts[1:]))), 0)
    flat, severity = net.flat, net.severity
    weight = torch.cat((flat.weight[:1], severity.weight.expand(len(cuts), -1), flat.weight[1:]))
    bias = torch.cat((flat.bias[:1], severity.bias - cuts, flat.bias[1:]))
    raw = to.pooled("heads", weight, bias, pooled)
    marker = to.add("Gather", ["input_ids", to.constant("marker_place", 1, "i8")], "marker", axis=1)
    scale = to.add("Gather", [to.constant("marker_scale", net.marker_scale), marker], "scale_of_marker")
    offset = to.add("Gather", [to.constant("marker_bias", net.marker_bias), marker], "bias_of_marker")
    to.add("Add", [to.add("Mul", [raw, scale], "scaled"), offset], "logits")


def _save(to: _Writer, path: Path, *, opset: int, heads: int) -> None:
    value = helper.make_tensor_value_info
    inputs = [value(name, onnx.TensorProto.INT64, ["batch", "sequence"]) for name in INPUTS]
    outputs = [value("logits", onnx.TensorProto.FLOAT, ["batch", heads])]
    constants = [numpy_helper.from_array(held, name) for name, held in to.constants.items()]
    graph = helper.make_graph(to.nodes, "headgate", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid(CONTRIB, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, to.metadata)
    onnx.save(model, str(path))
