"""The runtime of a folder: its manifest says whether a graph, an engine or a server answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from .errors import ModelUnavailable
from .exported import Export, export_of
from .feeds import Logits
from .run_onnx import OnnxRuntime

GRAPH = "model.onnx"


class Runtime(Protocol):
    """Rows in, logits out; blocking, and safe to call from several threads."""

    @property
    def joins(self) -> bool:
        """Whether rows may share a batch."""
        ...

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The logits [rows, heads] of rows of token ids."""
        ...

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The logits [rows, heads] of inputs by name."""
        ...


def open_runtime(folder: Path, *, threads: int = 1, url: str = "", token: str = "", timeout: float = 5.0) -> Runtime:
    """onnxruntime for a graph, TensorRT for an engine, and the server at `url` for a folder that Triton serves.

    Its files are those of the manifest: whoever calls has hashed them. Raises ModelUnavailable where it cannot run.
    """
    export = export_of(folder)
    if url:
        return _remote(folder, export, url, token=token, timeout=timeout)
    if export is None or export.target == "onnx":
        return OnnxRuntime(folder / (export.graph if export else GRAPH), threads=threads)
    if export.target == "triton":
        raise ModelUnavailable(f"{folder} is served by Triton: give the server's URL, or export --to onnx or tensorrt")
    from .run_tensorrt import TensorRtRuntime

    return TensorRtRuntime.load(folder, export)


def _remote(folder: Path, export: Export | None, url: str, *, token: str, timeout: float) -> Runtime:
    from .run_remote import KServeRuntime

    if export is None:
        raise ModelUnavailable(f"{folder} was not exported, so its inputs are not known: headgate export --to triton")
    served = Path(export.graph).parts
    name = served[1] if len(served) > 2 else folder.resolve().name
    return KServeRuntime(
        url, model=name, inputs=export.inputs, token=token, timeout=timeout, pad_id=export.pad_id
    )  # fmt: skip
