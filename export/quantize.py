"""Precision of a graph: which rewrite makes it, and on which graph it can be compared on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import onnx

from ..models.errors import ConfigError
from ..models.train.quantize import quantize_tokenwise
from .onnx import Feeds
from .passes import graph
from .passes.lower import lower
from .passes.qdq import quantise
from .spec import Precision

Device: TypeAlias = Literal["cpu", "gpu"]

SMALLEST = 1 << 10
"""Weights with fewer elements stay in float when a CPU's int8 is made."""


def convert(path: Path, precision: Precision, *, device: Device, feeds: Sequence[Feeds]) -> None:
    """Rewrite the float32 graph of a file in place.

    int8 is dynamic on a CPU, a scale for each token, and static on a GPU, calibrated with `feeds` with the rest in
    float16; fp8 is always static. Raises ConfigError where a CPU is to run what it has no kernels for.
    """
    if device == "cpu" and precision in ("bf16", "fp8"):
        raise ConfigError(f"--precision {precision}: no CPU runs it; choose fp32, fp16 or int8, or --device gpu")
    if precision == "fp32":
        return
    if precision == "int8" and device == "cpu":
        _dynamic(path)
    elif precision in ("int8", "fp8"):
        kind: Literal["int8", "fp8"] = "int8" if precision == "int8" else "fp8"
        graph.save(lower(quantise(graph.load(path), kind, feeds), "fp16"), path)
    else:
        low: Literal["fp16", "bf16"] = "fp16" if precision == "fp16" else "bf16"
        graph.save(lower(graph.load(path), low), path)


def rounded(path: Path, target: Path) -> None:
    """Write the float32 graph with every result rounded to bfloat16: CPUs have no kernels for the real one."""
    graph.save(lower(graph.load(path), "bf16", emulate=True), target)


def _dynamic(path: Path) -> None:
    made = path.with_name("int8.onnx")
    try:
        quantize_tokenwise(path, made, smallest=SMALLEST)
        made.replace(path)
    except ConfigError:
        # No large product with a constant weight: nothing to gain by a scale for each token.
        _by_onnxruntime(path, made)


def _by_onnxruntime(path: Path, made: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(path), str(made), per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    if not any(node.op_type.endswith("Integer") for node in _loaded(made).graph.node):
        raise ConfigError("--precision int8: the graph has no product with constant weights; choose fp32 or fp16")
    made.replace(path)


def _loaded(path: Path) -> Any:
    return onnx.load(str(path), load_external_data=False)
