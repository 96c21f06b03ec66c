"""Rewrites a float32 graph in float16 or bfloat16, and keeps in float32 what would overflow or lose its place.

Kept are squares, means and roots (RMSNorm squares values of some hundreds, and 300 squared is no float16), rotary
angles, everything that becomes an index, and the last product. Masks of -3.4e38 become -1e4: two of them still add up
to a finite number. Inputs and outputs keep their types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ...models.errors import ConfigError
from .graph import Array, Rewrite, attributes

Low: TypeAlias = Literal["fp16", "bf16"]

_TYPES: dict[Low, int] = {"fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
_MASKED = 1e4
_SMALL = 1024
_EXACT = frozenset({"Pow", "ReduceMean", "ReduceSum", "Sqrt", "Cos", "Sin", "Log", "CumSum", "Range", "Resize"})
_AFTER_EXACT = frozenset({"Add", "Div", "Mul", "Reciprocal", "Sqrt"})
_TO_INDEX = frozenset({"Cos", "Sin", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "ArgMax", "Range"})
_FLOATS = frozenset({TensorProto.FLOAT})


def lower(model: Any, kind: Low, *, emulate: bool = False) -> Any:
    """The graph in `kind`; with `emulate` it stays float32 and each result is rounded to `kind`.

    The second is for comparing where no runtime has kernels for the type: a product's sum is kept in float32, as GPUs
    do. Raises ConfigError where the type of a tensor cannot be inferred.
    """
    return _Lower(model, kind, emulate=emulate).run()


class _Lower(Rewrite):
    def __init__(self, model: Any, kind: Low, *, emulate: bool) -> None:
        super().__init__(model)
        self._low = _TYPES[kind]
        self._name = kind
        self._emulate = emulate
        self._types = _types(model)
        self._kept = self._keep()
        self._is_low: set[str] = set()

    def run(self) -> Any:
        """Rewrite node by node."""
        for node in list(self.model.graph.node):
            floats = [name for name in (*node.input, *node.output) if self._float(name)]
            if not floats or node.op_type in ("Shape", "Size"):
                self.nodes.append(node)
            elif node.output[0] in self._kept:
                self._exact(node)
            else:
                self._lowered(node)
        return self.done()

    def _float(self, name: str) -> bool:
        if not name:
            return False
        if name not in self._types:
            raise ConfigError(f"the type of tensor {name!r} cannot be inferred, so the graph has no {self._name} form")
        return self._types[name] in _FLOATS

    def _exact(self, node: Any) -> None:
        made = onnx.NodeProto()
        made.CopyFrom(node)
        for place, name in enumerate(node.input):
            if name in self._is_low:
                made.input[place] = self._cast(name, f"{name}/float", TensorProto.FLOAT)
        self.nodes.append(made)

    def _lowered(self, node: Any) -> None:
        made = onnx.NodeProto()
        made.CopyFrom(node)
        for place, name in enumerate(node.input):
            if self._float(name) and name not in self._is_low:
                made.input[place] = self._lower_of(name)
        if not self._emulate:
            self._retype(made)
        self.nodes.append(made)
        for place, name in enumerate(node.output):
            if not self._float(name):
                continue
            self._is_low.add(name)
            if self._emulate:
                made.output[place] = f"{name}/exact"
                made.name = f"{name}/made"  # the node that rounds may be called what this one was
                self._round(f"{name}/exact", name)

    def _retype(self, node: Any) -> None:
        given = attributes(node)
        if node.op_type == "Cast" and given["to"] in _FLOATS:
            _replace(node, "to", self._low)
        elif node.op_type == "ConstantOfShape" and self._float(node.output[0]):
            value = given.get("value")
            array = np.zeros(1, dtype=np.float32) if value is None else numpy_helper.to_array(value)
            _replace(node, "value", self._tensor(array, "value"))

    def _lower_of(self, name: str) -> str:
        value = self.value(name)
        if value is None:
            return self._cast(name, f"{name}/low", self._low)
        self.held.setdefault(f"{name}/low", self._tensor(value, f"{name}/low"))
        return f"{name}/low"

    def _tensor(self, value: Array, name: str) -> Any:
        kind = np.dtype(np.float16 if self._name == "fp16" else ml_dtypes.bfloat16)
        rounded = np.ascontiguousarray(_bounded(value, kind)).astype(kind).reshape(value.shape)
        return numpy_helper.from_array(rounded.astype(np.float32) if self._emulate else rounded, name)

    def _cast(self, name: str, made: str, kind: int) -> str:
        if made in self._is_low:
            return made
        self._is_low.add(made)
        if self._emulate:
            return self._round(name, made)
        return self.add("Cast", [name], made, to=kind)

    def _round(self, name: str, made: str) -> str:
        self.add("Cast", [name], f"{made}/{self._name}", to=self._low)
        return self.add("Cast", [f"{made}/{self._name}"], made, to=TensorProto.FLOAT)

    def _keep(self) -> set[str]:
        nodes = list(self.model.graph.node)
        makers = {output: node for node in nodes for output in node.output}
        outputs = {output.name for output in self.model.graph.output}
        kept = {name for node in nodes if node.op_type in _EXACT or outputs & {*node.output} for name in node.output}
        kept |= self._ancestors((name for node in nodes if self._indexes(node) for name in node.input), makers)
        for node in nodes:
            moving = [name for name in node.input if self._float(name) and name not in self.held]
            if node.op_type in _AFTER_EXACT and moving and all(name in kept for name in moving):
                kept.update(node.output)
        return kept

    def _indexes(self, node: Any) -> bool:
        casts = node.op_type == "Cast" and attributes(node)["to"] not in _FLOATS
        return (node.op_type in _TO_INDEX or casts) and self._float(node.input[0])

    def _ancestors(self, names: Iterable[str], makers: dict[str, Any]) -> set[str]:
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found or name not in makers or not self._float(name):
                continue
            found.add(name)
            waiting.extend(makers[name].input)
        return found


def _types(model: Any) -> dict[str, int]:
    # Large weights stand in as inputs: inference goes through a protobuf, which holds two gigabytes at most.
    graph = model.graph
    small = [tensor for tensor in graph.initializer if int(np.prod(tensor.dims)) <= _SMALL]
    known = {tensor.name for tensor in small}
    large = [
        helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        for tensor in graph.initializer
        if tensor.name not in known
    ]
    bones = helper.make_graph(graph.node, "bones", [*graph.input, *large], graph.output, small)
    inferred = onnx.shape_inference.infer_shapes(
        helper.make_model(bones, opset_imports=model.opset_import, ir_version=model.ir_version), data_prop=True
    ).graph
    infos = (*inferred.input, *inferred.output, *inferred.value_info)
    found = {info.name: info.type.tensor_type.elem_type for info in infos}
    return found | {tensor.name: tensor.data_type for tensor in inferred.initializer}


def _bounded(value: Array, kind: np.dtype[Any]) -> Array:
    # What the type cannot hold is a mask, and what would become 0 is a guard against dividing by it.
    limits = ml_dtypes.finfo(kind)
    tiny = float(limits.smallest_subnormal)
    clipped = np.where(np.abs(value) > float(limits.max), np.sign(value) * _MASKED, value)
    return np.where((np.abs(value) < tiny) & (value != 0), np.sign(value) * tiny, clipped)


def _replace(node: Any, name: str, value: Any) -> None:
    kept = [entry for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])
