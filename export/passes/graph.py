"""What every rewrite of an ONNX graph needs: constants by name, new nodes, and files of any size."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from ...models.errors import ConfigError

OPSET = 20
"""The operator set of every graph that is written: the first with Gelu, and with float8 in QuantizeLinear."""

LARGEST = 1_800_000_000
"""Bytes of weights from which they stand in a file of their own: a protobuf holds two gigabytes at most."""

Array = npt.NDArray[Any]


class Rewrite:
    """A graph being written anew, in topological order, from the constants of an old one."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.nodes: list[Any] = []
        self.held = {tensor.name: tensor for tensor in model.graph.initializer}

    @classmethod
    def of(cls, model: Any) -> Rewrite:
        """A rewrite that keeps every node."""
        made = Rewrite(model)
        made.nodes = list(model.graph.node)
        return made

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        """The name under which an array stands among the constants; the first array of a name stays."""
        if name not in self.held:
            array = np.asarray(value, dtype=dtype)
            self.held[name] = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        return name

    def value(self, name: str) -> Array | None:
        """The array of a constant; None where the name is no constant."""
        return numpy_helper.to_array(self.held[name]) if name in self.held else None

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """A new node with one output, in ONNX's own operator set."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"headgate:{output}", **attributes))
        return output

    def done(self) -> Any:
        """The model with the new nodes, without anything that nobody reads."""
        graph = self.model.graph
        wanted = {output.name for output in graph.output}
        kept: list[Any] = []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        del graph.node[:], graph.initializer[:], graph.value_info[:], self.model.opset_import[:]
        graph.node.extend(reversed(kept))
        graph.initializer.extend(tensor for name, tensor in self.held.items() if name in wanted)
        self.model.opset_import.append(helper.make_opsetid("", OPSET))
        self.model.ir_version = min(self.model.ir_version, 10) if self.model.ir_version > 9 else 9
        return self.model


def attributes(node: Any) -> Mapping[str, Any]:
    """A node's attributes by name."""
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def load(path: Path) -> Any:
    """The graph of a file with all its weights; ConfigError where it is none."""
    try:
        return onnx.load(str(path))
    except Exception as error:  # protobuf's and onnx's errors share no base but Exception
        raise ConfigError(f"{path}: not an ONNX graph: {error}") from error


def save(model: Any, path: Path, *, largest: int = LARGEST) -> None:
    """Write a graph; weights of more than `largest` bytes go to `NAME.data` beside it."""
    size = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    data = path.with_name(f"{path.name}.data")
    for old in (path, data):
        old.unlink(missing_ok=True)
    onnx.save(
        model, str(path), save_as_external_data=size > largest, all_tensors_to_one_file=True, location=data.name,
        size_threshold=1024,
    )  # fmt: skip


def folded(source: Path) -> Any:
    """The graph with its constant expressions worked out and its weights as plain constants."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        options.optimized_model_filepath = str(Path(folder) / "folded.onnx")
        options.add_session_config_entry("session.optimized_model_external_initializers_file_name", "folded.data")
        options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "1024")
        try:
            onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise ConfigError(f"{source}: onnxruntime cannot load this graph: {error}") from error
        return load(Path(options.optimized_model_filepath))
