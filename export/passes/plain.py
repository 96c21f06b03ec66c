"""Turns the shipped graph of fused int8 kernels into ONNX's own operators in float32, for any other runtime.

Weights are what the int8 graph holds, written out; what falls away is the rounding of activations.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Rewrite, attributes

CONTRIB = "com.microsoft"


def plain(model: Any) -> Any:
    """The same model in ONNX's operators; a graph that has no others comes back with its operators unchanged."""
    rewrite = _Plain(model)
    for node in list(model.graph.node):
        rewrite.take(node)
    return rewrite.done()


class _Plain(Rewrite):
    """Follows names: what was rounded, scaled and scaled back is read from where it came."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._same: dict[str, str] = {}
        self._made: dict[str, Any] = {}
        self._peaks: set[str] = set()

    def take(self, node: Any) -> None:
        """Write the node's like; nodes whose output nobody reads in the end are left out by `done`."""
        inputs = [self._same.get(name, name) for name in map(str, node.input)]
        output = node.output[0]
        self._made[output] = node
        match node.op_type:
            case "QuantizeLinear":
                self._same[output] = inputs[0]
            case "Div" if self._is_peak(node.input[1]):
                self._peaks.add(node.input[1])
                self._same[output] = inputs[0]
            case "Reciprocal" if self._is_peak(node.input[0]):
                self._peaks.update((node.input[0], output))
            case "Mul" if node.input[1] in self._peaks:
                self._same[output] = inputs[0]
            case "Mul" if (table := self._table(node)) is not None:
                self.add("Gather", [table, self._gather_of(node).input[1]], output, axis=0)
            case "MatMulIntegerToFloat":
                self._product(inputs, output)
            case "FastGelu" | "Gelu" if node.domain == CONTRIB:
                self.add("Gelu", inputs, output, approximate="tanh" if node.op_type == "FastGelu" else "none")
            case "MultiHeadAttention":
                self._attention(node, inputs)
            case "ReduceMax":
                pass  # only ever the peak of a token
            case _:
                self.add(node.op_type, inputs, output, **attributes(node))

    def _is_peak(self, name: str) -> bool:
        peak = self._made.get(name)
        return peak is not None and peak.op_type == "ReduceMax"

    def _gather_of(self, node: Any) -> Any:
        return self._made[self._made[node.input[0]].input[0]]

    def _table(self, node: Any) -> str | None:
        # An embedding: Mul(Cast(Gather(int8 rows, ids)), Gather(scale of each row, ids)).
        cast, scale = (self._made.get(name) for name in node.input[:2])
        if cast is None or scale is None or (cast.op_type, scale.op_type) != ("Cast", "Gather"):
            return None
        rows = self._made.get(cast.input[0])
        if rows is None or rows.op_type != "Gather":
            return None
        table, scales = self.value(rows.input[0]), self.value(scale.input[0])
        if table is None or scales is None or table.dtype != np.int8:
            return None
        return self.constant(f"{rows.input[0]}/float", table.astype(np.float32) * scales)

    def _product(self, inputs: list[str], output: str) -> None:
        weight, scale = self.value(inputs[1]), self.value(inputs[3])
        assert weight is not None
        assert scale is not None
        held = self.constant(f"{inputs[1]}/float", weight.astype(np.float32) * scale)
        bias = inputs[6] if len(inputs) > 6 else ""
        self.add("MatMul", [inputs[0], held], f"{output}/product" if bias else output)
        if bias:
            self.add("Add", [f"{output}/product", bias], output)

    def _attention(self, node: Any, inputs: list[str]) -> None:
        output, given = node.output[0], attributes(node)
        parts = []
        split = self.constant(f"split/{given['num_heads']}", np.array([0, 0, given["num_heads"], -1]))
        for name, tensor, perm in zip("qkv", inputs, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True):
            shaped = self.add("Reshape", [tensor, split], f"{output}/{name}")
            parts.append(self.add("Transpose", [shaped], f"{output}/{name}/heads", perm=perm))
        scale = self.constant(f"{output}/scale", np.array(given["scale"], dtype=np.float32))
        query = self.add("Mul", [parts[0], scale], f"{output}/q/scaled")
        scores = self.add("MatMul", [query, parts[1]], f"{output}/scores")
        shares = self.add("Softmax", [scores], f"{output}/shares", axis=-1)
        made = self.add("MatMul", [shares, parts[2]], f"{output}/heads")
        rows = self.add("Transpose", [made], f"{output}/rows", perm=[0, 2, 1, 3])
        self.add("Reshape", [rows, self.constant("join", np.array([0, 0, -1]))], output)
