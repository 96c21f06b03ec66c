"""onnxruntime behind one call: rows of token ids in, a matrix of logits out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .errors import InferenceFailed, ModelUnavailable
from .meaning import with_output

Logits = npt.NDArray[np.float32]

CPU = ("CPUExecutionProvider",)


class Both(NamedTuple):
    """What a graph answers, and an inner tensor of it."""

    logits: Logits
    inner: Logits


class OnnxRuntime:
    """One session, made once and safe to call from several threads.

    `threads` is 1 where several callers share the session, or all cores where there is one caller; never both.
    `joins` says whether rows may share a batch: true of graphs whose rows do not depend on each other. `inner` is the
    tensor that `run_beside` gives, empty where none is.
    """

    local = True
    callers = 1

    def __init__(self, path: Path, *, threads: int = 1, providers: Sequence[str] = CPU, joins: bool = True) -> None:
        self.joins = joins
        self._path = path
        self._threads = threads
        self._providers = tuple(providers)
        self.inner = ""
        self._session = _open(path, threads=threads, providers=providers)
        self._inputs = frozenset(entry.name for entry in self._session.get_inputs())
        self._output = str(self._session.get_outputs()[0].name)

    def beside(self, inner: str) -> OnnxRuntime:
        """The same graph in a session that can also be asked for an inner tensor; ModelUnavailable where it has none.

        For graphs of one file.
        """
        other = copy(self)
        model = with_output(self._path.read_bytes(), inner)
        other._session = _open(self._path, threads=self._threads, providers=self._providers, model=model)
        other.inner = inner
        return other

    def run_beside(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Both:
        """The logits and the inner tensor of rows of token ids; raises as `run` does."""
        feeds = _feeds(input_ids, type_ids)
        logits, inner = self._call({name: array for name, array in feeds.items() if name in self._inputs}, self.inner)
        self._check(logits, rows=len(input_ids))
        self._check(inner, rows=len(input_ids))
        return Both(logits, inner)

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The logits [rows, heads] of rows of token ids, padded to the longest of them.

        Raises InferenceFailed where the runtime does, or answers with another number of rows or a score that is not
        finite.
        """
        if not len(input_ids):
            return np.zeros((0, 0), dtype=np.float32)
        return self.feed(_feeds(input_ids, type_ids), rows=len(input_ids))

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The logits [rows, heads] of inputs by name, those left out that the graph has not; raises as `run` does."""
        (logits,) = self._call({name: array for name, array in feeds.items() if name in self._inputs})
        self._check(logits, rows=rows)
        return logits

    def _check(self, found: Logits, *, rows: int) -> None:
        # A sum is finite where all of it is, and is one call, not two.
        if found.ndim != 2 or len(found) != rows or not math.isfinite(found.sum()):
            raise InferenceFailed(f"{self._path.name} did not answer with one row of finite logits for each input row")

    def _call(self, feeds: dict[str, npt.NDArray[Any]], *inner: str) -> list[Logits]:
        try:
            found = self._session.run([self._output, *inner], feeds)
            return [np.asarray(array, dtype=np.float32) for array in found]
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise InferenceFailed(f"{self._path.name}: {type(error).__name__} in onnxruntime") from error


def _feeds(input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> dict[str, npt.NDArray[Any]]:
    """The inputs of a text graph, padded to the longest row."""
    shape = (len(input_ids), max(map(len, input_ids), default=0))
    feeds = {name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    for row, (ids, types) in enumerate(zip(input_ids, type_ids, strict=True)):
        feeds["input_ids"][row, : len(ids)] = ids
        feeds["attention_mask"][row, : len(ids)] = 1
        feeds["token_type_ids"][row, : len(types)] = types
    return feeds


def _open(path: Path, *, threads: int, providers: Sequence[str], model: bytes | None = None) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailable("onnxruntime is not installed: pip install 'headgate[cpu]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # patterns are kept for each new shape, and every length is one
    options.log_severity_level = 3
    # Threads that spin while they wait take the core from the event loop and from the other callers, so one caller
    # alone has them, and only while it runs: without, each node of a graph pays for waking them up.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if threads > 1 else "0")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return onnxruntime.InferenceSession(str(path) if model is None else model, options, providers=list(providers))
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise ModelUnavailable(f"{path}: onnxruntime cannot load it: {error}") from error
