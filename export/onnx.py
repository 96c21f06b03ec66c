"""From a PyTorch network to a float32 ONNX graph, and how either is run for a comparison."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..models.errors import ConfigError, InferenceFailed
from ..models.exported import Axes
from .passes import graph as graphs

Feeds: TypeAlias = Mapping[str, npt.NDArray[Any]]
Logits: TypeAlias = npt.NDArray[np.float32]
Run: TypeAlias = Callable[[Feeds], Logits]
"""Arrays by the names of a graph's inputs in, logits [rows, columns] out."""


def write(network: Any, path: Path, *, inputs: Sequence[Axes], sample: Feeds) -> None:
    """Write a network in evaluation mode as a graph with folded constants, free axes and the output `logits`.

    Raises ConfigError where torch cannot trace it.
    """
    import torch

    names = [axes.name for axes in inputs]
    free = {axes.name: {at: word for at, word in enumerate(axes.shape) if isinstance(word, str)} for axes in inputs}
    raw = path.with_name("traced.onnx")
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a trace takes for constant is what the comparison finds out
            torch.onnx.export(
                network,
                tuple(torch.from_numpy(np.ascontiguousarray(sample[name])) for name in names),
                str(raw),
                dynamo=False,  # twenty times faster than torch.export, and its graphs have been compared for years
                input_names=names,
                output_names=["logits"],
                dynamic_axes=free | {"logits": {0: "batch"}},
                opset_version=graphs.OPSET,
            )
    except Exception as error:  # torch's exporter raises anything
        raise ConfigError(f"torch cannot export this network: {type(error).__name__}: {error}") from error
    graphs.save(graphs.Rewrite.of(graphs.folded(raw)).done(), path)
    for left in path.parent.iterdir():
        # Weights of more than two gigabytes are written beside the traced graph, one file for each tensor.
        if left.name != path.name and left.name != f"{path.name}.data":
            left.unlink()


def run_network(network: Any, inputs: Sequence[Axes]) -> Run:
    """Runs a PyTorch network on numpy arrays."""
    import torch

    def run(feeds: Feeds) -> Logits:
        with torch.inference_mode():
            found = network(*(torch.from_numpy(np.ascontiguousarray(feeds[axes.name])) for axes in inputs))
        return np.asarray(found.float().numpy(), dtype=np.float32)

    return run


def run_graph(path: Path, *, optimise: bool = True, providers: Sequence[str] = ("CPUExecutionProvider",)) -> Run:
    """Runs a graph in onnxruntime; without `optimise` each node does what it says, which fusing int8 nodes changes.

    Raises ConfigError where it cannot be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise ConfigError(f"{path.name}: onnxruntime cannot load it: {error}") from error
    names = [entry.name for entry in session.get_inputs()]

    def run(feeds: Feeds) -> Logits:
        try:
            found = session.run(["logits"], {name: feeds[name] for name in names})[0]
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise InferenceFailed(f"{path.name}: {type(error).__name__} in onnxruntime") from error
        return np.asarray(found, dtype=np.float32)

    return run
