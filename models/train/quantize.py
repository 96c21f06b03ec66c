"""int8 for transformer encoders where a row's scores depend on that row alone.

onnxruntime's own dynamic quantisation takes one activation scale from the whole batch, so that a text's scores shift
with its neighbours and its padding. Here an activation whose range the graph notes has a constant scale, and every
other a scale for each token; weights have one a channel, and embeddings have one a row; the small heads stay in float,
one product a row, so that equal texts get equal bits whatever they are batched and padded with.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ..errors import ConfigError

SMALLEST = 1 << 16
"""Weights with fewer elements than this (token types) stay in float; so does every Gemm, which reads pooled rows."""

# 7-bit weights: on CPUs without VNNI a pair of 8-bit products overflows its 16-bit sum (255 * 127 * 2), and the same
# text would score differently on another machine; 255 * 64 * 2 fits. Measured, it costs no accuracy beside 8 bits.
WEIGHT_LEVELS = 64
TOKEN_LEVELS = 127
ROW_LEVELS = 127
RANGE_LEVELS = 255
# GELU answers from -0.17 up, so most of a token's 255 steps go to what is above zero.
GELU_ZERO = 32
GELU_LEVELS = RANGE_LEVELS - GELU_ZERO

RANGE = "range:"
"""Prefix of the metadata that holds `lowest highest` of the input of the weight so named."""

_CONTRIB = "com.microsoft"

Floats = npt.NDArray[np.float32]


class Steps(msgspec.Struct, frozen=True):
    """Names of the constants of an activation's int8 scale and zero."""

    step: str
    zero: str


def quantize_tokenwise(source: Path, target: Path, *, smallest: int = SMALLEST) -> None:
    """Write the float32 ONNX graph `source` as an int8 graph to `target`, in place of any file there.

    Raises ConfigError where the graph cannot be read or holds no constant weight of `smallest` elements or more.
    """
    import onnx

    model = _folded(source)
    rewrite = _Rewrite(model, smallest=smallest, ranges=_ranges(source))
    rewrite.run()
    if not rewrite.quantised:
        raise ConfigError(f"{source}: no MatMul with a constant weight of {smallest} elements or more to quantise")
    onnx.checker.check_model(model)
    written = target.with_suffix(".partial")
    onnx.save(model, str(written))
    written.replace(target)


def _folded(source: Path) -> Any:
    # Constant folding turns exporters' Transpose(weight) and Constant nodes into plain initializers.
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        folded = Path(folder) / "folded.onnx"
        options.optimized_model_filepath = str(folded)
        try:
            onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise ConfigError(f"{source}: onnxruntime cannot load this graph: {error}") from error
        return onnx.shape_inference.infer_shapes(onnx.load(str(folded)))


def _ranges(source: Path) -> dict[str, list[float]]:
    import onnx

    held = {entry.key: entry.value for entry in onnx.load(str(source)).metadata_props}
    return {key.removeprefix(RANGE): [*map(float, value.split())] for key, value in held.items() if RANGE in key}


class _Rewrite:
    """One pass over a graph in topological order that replaces the nodes it knows and keeps the rest."""

    def __init__(self, model: Any, *, smallest: int, ranges: Mapping[str, list[float]]) -> None:
        from onnx import helper, numpy_helper

        self._helper = helper
        self._numpy = numpy_helper
        self._model = model
        self._graph = model.graph
        self._smallest = smallest
        self._ranges = ranges
        self._opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        self._initializers = {tensor.name: tensor for tensor in self._graph.initializer}
        self._producers = {output: node for node in self._graph.node for output in node.output}
        self._shapes = {
            info.name: [dim.dim_value for dim in info.type.tensor_type.shape.dim] for info in self._graph.value_info
        }
        self._readers = Counter(name for node in self._graph.node for name in node.input)
        self._adds = {node.input[0]: node for node in self._graph.node if node.op_type == "Add"}
        self._nodes: list[Any] = []
        self._done: set[str] = set()
        self.quantised = 0

    def run(self) -> None:
        """Rewrite the model in place."""
        for node in list(self._graph.node):
            weight = self._weight_of(node)
            masked = self._masked(node)
            if node.output[0] in self._done:
                continue
            if masked is not None:
                self._pool(node, masked)
            elif node.op_type == "Gelu" and node.input[0] in self._done:
                # The tanh form errs by less than int8's step and takes three quarters of the time.
                self._add("FastGelu", [*node.input], [*node.output], domain=_CONTRIB)
            elif weight is None:
                self._nodes.append(node)
            elif node.op_type == "Gather":
                self._embedding(node, weight)
            elif weight.size >= self._smallest and node.op_type == "MatMul":
                self._matmul(node, weight)
            elif node.op_type == "Gemm" or len(self._shapes.get(node.input[0], ())) == 2:
                self._head(node, weight)
            else:
                self._nodes.append(node)
        self._finish()

    def _weight_of(self, node: Any) -> Floats | None:
        place = {"MatMul": 1, "Gemm": 1, "Gather": 0}.get(node.op_type)
        if place is None or node.input[place] not in self._initializers:
            return None
        weight: Floats = self._numpy.to_array(self._initializers[node.input[place]])
        if weight.ndim != 2 or weight.dtype != np.float32:
            return None
        attributes = self._attributes(node)
        if node.op_type == "Gather":
            return weight if attributes.get("axis", 0) == 0 and weight.size >= self._smallest else None
        plain = attributes.get("alpha", 1.0) == 1.0 and attributes.get("beta", 1.0) == 1.0
        if not plain or attributes.get("transA", 0):
            return None
        return np.ascontiguousarray(weight.T) if attributes.get("transB", 0) else weight

    def _matmul(self, node: Any, weight: Floats) -> None:
        tokens, name, output = node.input[0], node.input[1], node.output[0]
        scale = _scale(weight, axis=0, levels=WEIGHT_LEVELS)
        self._constant(f"{name}/int8", np.rint(weight / scale).astype(np.int8))
        self._constant(f"{name}/scale", scale[0])
        self.quantised += 1
        if name in self._ranges:
            return self._in_range(node)
        # 255-level tokens times int8 channels; the token's scale comes back in last, so that no row sees another's.
        steps = self._quantise_tokens(tokens)
        inputs = [f"{tokens}/uint8", f"{name}/int8", steps.step, f"{name}/scale", steps.zero]
        self._add("MatMulIntegerToFloat", inputs, [f"{output}/unit"], domain=_CONTRIB)
        self._add("Mul", [f"{output}/unit", f"{tokens}/peak"], [output])
        return None

    def _in_range(self, node: Any) -> None:
        # A constant scale needs no pass over the tokens to find it, and the kernel adds the bias.
        tokens, name, output = node.input[0], node.input[1], node.output[0]
        steps = self._steps_of(tokens, *self._ranges[name])
        inputs = [f"{tokens}/uint8", f"{name}/int8", steps.step, f"{name}/scale", steps.zero]
        bias = self._bias_after(output)
        if bias is not None:
            inputs += ["", bias.input[1]]
            output = bias.output[0]
            self._done.add(output)
        self._add("MatMulIntegerToFloat", inputs, [output], domain=_CONTRIB)

    def _bias_after(self, output: str) -> Any:
        # The only reader of the product, where it adds a constant vector.
        node = self._adds.get(output)
        if node is None or self._readers[output] != 1 or node.input[1] not in self._initializers:
            return None
        return node if len(self._initializers[node.input[1]].dims) == 1 else None

    def _steps_of(self, tokens: str, lowest: float, highest: float) -> Steps:
        step = (max(highest, 0.0) - min(lowest, 0.0)) / RANGE_LEVELS or 1.0
        zero = int(np.rint(-min(lowest, 0.0) / step))
        steps = Steps(
            step=self._constant(f"{tokens}/step", np.array(step, dtype=np.float32)),
            zero=self._constant(f"{tokens}/zero", np.array(zero, dtype=np.uint8)),
        )
        if f"{tokens}/uint8" not in self._done:
            self._done.add(f"{tokens}/uint8")
            self._add("QuantizeLinear", [tokens, steps.step, steps.zero], [f"{tokens}/uint8"])
        return steps

    def _quantise_tokens(self, tokens: str) -> Steps:
        # Once for all that read the tensor. A row of zeros gives 0 * inf: any finite integer, times a peak of 0.
        maker = self._producers.get(tokens)
        gelu = maker is not None and maker.op_type == "Gelu"
        steps = self._steps(gelu=gelu)
        if f"{tokens}/uint8" in self._done:
            return steps
        self._done.add(f"{tokens}/uint8")
        largest = tokens
        if not gelu:
            largest = f"{tokens}/abs"
            self._add("Abs", [tokens], [largest])
        if self._opset < 18:
            self._add("ReduceMax", [largest], [f"{tokens}/peak"], axes=[-1], keepdims=1)
        else:
            self._add("ReduceMax", [largest, self._last_axis()], [f"{tokens}/peak"], keepdims=1)
        self._add("Reciprocal", [f"{tokens}/peak"], [f"{tokens}/inverse"])  # a product takes half of a quotient's time
        self._add("Mul", [tokens, f"{tokens}/inverse"], [f"{tokens}/unit"])
        self._add("QuantizeLinear", [f"{tokens}/unit", steps.step, steps.zero], [f"{tokens}/uint8"])
        return steps

    def _embedding(self, node: Any, weight: Floats) -> None:
        name, ids, output = node.input[0], node.input[1], node.output[0]
        scale = _scale(weight, axis=1, levels=ROW_LEVELS)
        self._constant(f"{name}/int8", np.rint(weight / scale).astype(np.int8))
        self._constant(f"{name}/scale", scale)
        self._add("Gather", [f"{name}/int8", ids], [f"{output}/int8"], axis=0)
        self._add("Gather", [f"{name}/scale", ids], [f"{output}/scale"], axis=0)
        self._add(
            "Cast", [f"{output}/int8"], [f"{output}/float"], to=self._helper.np_dtype_to_tensor_dtype(np.dtype("f4"))
        )
        self._add("Mul", [f"{output}/float", f"{output}/scale"], [output])

    def _head(self, node: Any, weight: Floats) -> None:
        # A float product of one row takes another kernel than one of eight and differs in the last bit. With the
        # weight on the left, [out, in] times [batch, in, 1], each row is a product of its own.
        rows, name, output = node.input[0], node.input[1], node.output[0]
        bias = self._bias(node)
        product = f"{output}/product" if bias else output
        last = self._last_axis()
        self._add("Unsqueeze", [rows, last], [f"{output}/column"])
        left = self._constant(f"{name}/left", np.ascontiguousarray(weight.T))
        self._add("MatMul", [left, f"{output}/column"], [f"{output}/columns"])
        self._add("Squeeze", [f"{output}/columns", last], [product])
        if bias:
            self._add("Add", [product, bias], [output])

    def _pool(self, node: Any, masked: Any) -> None:
        # The same for a sum over tokens: as mask times tokens, a row's sum does not depend on the batch.
        tokens, mask = sorted(masked.input, key=lambda name: self._shapes[name][-1] == 1)
        output = node.output[0]
        self._add("Transpose", [mask], [f"{output}/mask"], perm=[0, 2, 1])
        self._add("MatMul", [f"{output}/mask", tokens], [f"{output}/rows"])
        self._add("Squeeze", [f"{output}/rows", self._constant("tokenwise/one", np.array([1]))], [output])

    def _masked(self, node: Any) -> Any:
        # The Mul(tokens [B, T, H], mask [B, T, 1]) whose sum over T the node takes, or None.
        if node.op_type != "ReduceSum" or self._attributes(node).get("keepdims", 1) or len(node.input) < 2:
            return None
        axes, masked = self._initializers.get(node.input[1]), self._producers.get(node.input[0])
        if axes is None or masked is None or masked.op_type != "Mul" or self._numpy.to_array(axes).tolist() != [1]:
            return None
        shapes = [self._shapes.get(name, []) for name in masked.input]
        fits = all(len(shape) == 3 for shape in shapes) and [shape[-1] == 1 for shape in shapes].count(True) == 1
        return masked if fits else None

    def _bias(self, node: Any) -> str:
        return str(node.input[2]) if node.op_type == "Gemm" and len(node.input) > 2 else ""

    def _steps(self, *, gelu: bool) -> Steps:
        levels, zero, name = (GELU_LEVELS, GELU_ZERO, "gelu") if gelu else (TOKEN_LEVELS, 128, "tokenwise")
        return Steps(
            step=self._constant(f"{name}/step", np.array(1 / levels, dtype=np.float32)),
            zero=self._constant(f"{name}/zero", np.array(zero, dtype=np.uint8)),
        )

    def _last_axis(self) -> str:
        return self._constant("tokenwise/last", np.array([-1]))

    def _constant(self, name: str, value: npt.NDArray[Any]) -> str:
        if name not in self._initializers:
            self._initializers[name] = self._numpy.from_array(value, name)
        return name

    def _add(self, kind: str, inputs: list[str], outputs: list[str], *, domain: str = "", **attributes: Any) -> None:
        self._nodes.append(self._helper.make_node(kind, inputs, outputs, domain=domain or None, **attributes))

    def _attributes(self, node: Any) -> dict[str, Any]:
        return {attribute.name: self._helper.get_attribute_value(attribute) for attribute in node.attribute}

    def _finish(self) -> None:
        used = {name for node in self._nodes for name in node.input}
        del self._graph.node[:]
        self._graph.node.extend(self._nodes)
        del self._graph.initializer[:]
        self._graph.initializer.extend(tensor for name, tensor in self._initializers.items() if name in used)
        del self._graph.value_info[:]
        if all(entry.domain != _CONTRIB for entry in self._model.opset_import):
            self._model.opset_import.append(self._helper.make_opsetid(_CONTRIB, 1))


def rounded_rows(table: Floats) -> Floats:
    """An embedding as the int8 graph holds it: each row in steps of its own."""
    scale = _scale(table, axis=1, levels=ROW_LEVELS)
    held: Floats = np.rint(table / scale) * scale
    return held


def _scale(weight: Floats, *, axis: int, levels: int) -> Floats:
    peak = np.abs(weight).max(axis=axis, keepdims=True)
    scale: Floats = np.where(peak > 0, peak / levels, 1.0).astype(np.float32)
    return scale
