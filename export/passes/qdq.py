"""Static int8 and float8 for GPUs: every large product between a quantised input and a quantised weight.

An input has one scale, measured over calibration rows; a weight has one for each channel; both are symmetric, as
TensorRT asks. The rest of the graph stays as it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import ml_dtypes
import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from ...models.errors import ConfigError
from .graph import Array, Rewrite, save

Quantised: TypeAlias = Literal["int8", "fp8"]
Feeds: TypeAlias = Mapping[str, npt.NDArray[Any]]

SMALLEST = 1 << 12
"""Weights of fewer elements stay as they are."""

SHARE = 0.9999
"""The share of an input's values that the scale reaches in one batch; what is beyond is cut off."""

_PEAK: dict[Quantised, float] = {"int8": 127.0, "fp8": 448.0}


def quantise(model: Any, kind: Quantised, rows: Sequence[Feeds], *, smallest: int = SMALLEST) -> Any:
    """The float32 graph with quantised products, scaled to the calibration `rows`.

    Raises ConfigError where there are no rows or no product with a constant weight of `smallest` elements or more.
    """
    chosen = [node for node in model.graph.node if _large(model, smallest)(node)]
    if not chosen or not rows:
        raise ConfigError(
            f"{kind} needs calibration rows and a product of {smallest} weights or more: "
            f"{len(rows)} rows and {len(chosen)} products were found"
        )
    peaks = measure(model, sorted({node.input[0] for node in chosen}), rows)
    return _Quantise(model, kind, {node.output[0] for node in chosen}, peaks).run()


def measure(model: Any, names: Sequence[str], rows: Sequence[Feeds]) -> dict[str, float]:
    """The largest magnitude of each named tensor over the rows, `SHARE` of each batch counted."""
    import onnxruntime

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    have = {output.name for output in watched.graph.output}
    watched.graph.output.extend(
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names if name not in have
    )
    peaks = dict.fromkeys(names, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watched.onnx"
        save(watched, path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for feeds in rows:
            for name, value in zip(names, session.run(list(names), dict(feeds)), strict=True):
                peaks[name] = max(peaks[name], float(np.quantile(np.abs(np.asarray(value)), SHARE)))
    return peaks


def _large(model: Any, smallest: int) -> Callable[[Any], bool]:
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in model.graph.initializer if len(tensor.dims) == 2}
    outputs = {output.name for output in model.graph.output}

    def large(node: Any) -> bool:
        product = node.op_type == "MatMul" and not outputs & {*node.output}
        return product and sizes.get(node.input[1], 0) >= smallest and node.input[0] not in sizes

    return large


class _Quantise(Rewrite):
    def __init__(self, model: Any, kind: Quantised, chosen: set[str], peaks: Mapping[str, float]) -> None:
        super().__init__(model)
        self._kind: Quantised = kind
        self._chosen = chosen
        self._peaks = peaks
        self._rounded: dict[str, str] = {}

    def run(self) -> Any:
        """Rewrite node by node."""
        for node in list(self.model.graph.node):
            if node.output[0] in self._chosen:
                self.add("MatMul", [self._input(node.input[0]), self._weight(node.input[1])], node.output[0])
            else:
                self.nodes.append(node)
        return self.done()

    def _input(self, name: str) -> str:
        if name not in self._rounded:
            step = np.array(max(self._peaks[name], 1e-6) / _PEAK[self._kind], dtype=np.float32)
            scale = self.constant(f"{name}/step", step)
            zero = self.constant(f"{self._kind}/zero", self._cast(np.zeros((), dtype=np.float32)))
            small = self.add("QuantizeLinear", [name, scale, zero], f"{name}/{self._kind}")
            self._rounded[name] = self.add("DequantizeLinear", [small, scale, zero], f"{name}/rounded")
        return self._rounded[name]

    def _weight(self, name: str) -> str:
        if f"{name}/rounded" not in self._rounded:
            weight = self.value(name)
            assert weight is not None
            peak = np.abs(weight).max(axis=0)
            step = np.where(peak > 0, peak / _PEAK[self._kind], 1.0).astype(np.float32)
            small = self.constant(f"{name}/{self._kind}", self._cast(weight / step))
            scale = self.constant(f"{name}/step", step)
            made = self.add("DequantizeLinear", [small, scale], f"{name}/rounded", axis=1)
            self._rounded[f"{name}/rounded"] = made
        return self._rounded[f"{name}/rounded"]

    def _cast(self, value: Array) -> Array:
        if self._kind == "int8":
            return np.clip(np.rint(value), -127, 127).astype(np.int8)
        return value.astype(ml_dtypes.float8_e4m3fn)
