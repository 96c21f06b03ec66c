"""onnxruntime behind one call: rows of token ids in, a matrix of logits out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InferenceFailed, ModelUnavailable

Logits = npt.NDArray[np.float32]

CPU = ("CPUExecutionProvider",)


class OnnxRuntime:
    """One session, made once and safe to call from several threads.

    `threads` is 1 where several callers share the session, or all cores where there is one caller; never both.
    `joins` says whether rows may share a batch: true of graphs whose rows do not depend on each other.
    """

    def __init__(self, path: Path, *, threads: int = 1, providers: Sequence[str] = CPU, joins: bool = True) -> None:
        self.joins = joins
        self._path = path
        self._session = _open(path, threads=threads, providers=providers)
        self._inputs = frozenset(entry.name for entry in self._session.get_inputs())
        self._output = str(self._session.get_outputs()[0].name)

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The logits [rows, heads] of rows of token ids, padded to the longest of them.

        Raises InferenceFailed where the runtime does, or answers with another number of rows or a score that is not
        finite.
        """
        rows, length = len(input_ids), max(map(len, input_ids), default=0)
        if not rows:
            return np.zeros((0, 0), dtype=np.float32)
        shape = (rows, length)
        feeds = {name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
        for row, (ids, types) in enumerate(zip(input_ids, type_ids, strict=True)):
            feeds["input_ids"][row, : len(ids)] = ids
            feeds["attention_mask"][row, : len(ids)] = 1
            feeds["token_type_ids"][row, : len(types)] = types
        return self.feed(feeds, rows=rows)

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The logits [rows, heads] of inputs by name, those left out that the graph has not; raises as `run` does."""
        logits = self._call({name: array for name, array in feeds.items() if name in self._inputs})
        if logits.ndim != 2 or len(logits) != rows or not np.isfinite(logits).all():
            raise InferenceFailed(f"{self._path.name} did not answer with one row of finite logits for each input row")
        return logits

    def _call(self, feeds: dict[str, npt.NDArray[Any]]) -> Logits:
        try:
            return np.asarray(self._session.run([self._output], feeds)[0], dtype=np.float32)
        except Exception as error:  # onnxruntime's exceptions share no base but Exception
            raise InferenceFailed(f"{self._path.name}: {type(error).__name__} in onnxruntime") from error


def _open(path: Path, *, threads: int, providers: Sequence[str]) -> Any:
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
        return onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise ModelUnavailable(f"{path}: onnxruntime cannot load it: {error}") from error
