"""The runtime of a folder: its manifest says whether a graph, an engine or a server answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from .errors import ModelUnavailable
from .exported import Export, export_of
from .feeds import Logits
from .place import HERE, Place
from .run_onnx import OnnxRuntime

GRAPH = "model.onnx"


class Runtime(Protocol):
    """Rows in, logits out; blocking, and safe to call from several threads."""

    @property
    def joins(self) -> bool:
        """Whether rows may share a batch."""
        ...

    @property
    def local(self) -> bool:
        """Whether it computes in this process, and waits for nobody."""
        ...

    @property
    def callers(self) -> int:
        """How many threads may wait in it at once; 1 where it computes."""
        ...

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The logits [rows, heads] of rows of token ids."""
        ...

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The logits [rows, heads] of inputs by name."""
        ...


def open_runtime(folder: Path, *, place: Place = HERE) -> Runtime:
    """onnxruntime for a graph, TensorRT for an engine, or the server of a place for either.

    Its files are those of the manifest: whoever calls has hashed them. Raises ModelUnavailable where it cannot run.
    """
    export = export_of(folder)
    if place.url:
        return _remote(folder, export, place)
    if export is None or export.target == "onnx":
        return OnnxRuntime(folder / (export.graph if export else GRAPH), threads=place.threads)
    if export.target == "triton":
        raise ModelUnavailable(f"{folder} is served by Triton: give the server's URL, or export --to onnx or tensorrt")
    from .run_tensorrt import TensorRtRuntime

    return TensorRtRuntime.load(folder, export)


def _remote(folder: Path, export: Export | None, place: Place) -> Runtime:
    from .run_remote import KServeRuntime

    if export is None:
        raise ModelUnavailable(f"{folder} was not exported, so its inputs are not known: headgate export --to triton")
    served = Path(export.graph).parts
    name = served[1] if len(served) > 2 else folder.resolve().name
    columns = (0, *export.output.shape)[-1]
    return KServeRuntime(
        place.url, model=name, inputs=export.inputs, token=place.token, timeout=place.timeout, pad_id=export.pad_id,
        callers=place.callers, columns=columns if isinstance(columns, int) else 0,
    )  # fmt: skip
