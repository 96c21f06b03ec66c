"""The two PP-OCR graphs that rapidocr ships, on onnxruntime: where text is, and what a line says."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InferenceFailed, ModelUnavailable

Values = npt.NDArray[np.float32]
Item = TypeVar("Item")
Answer = TypeVar("Answer")

INSTALL: Final = "text in images needs rapidocr: pip install 'headgate[vision]'"
_THREADS: Final = 2
_KEPT: Final = 1 << 20
"""Pixels of an image up to which the detector keeps its memory for the next one."""


class Engine:
    """Both sessions, made once and safe to call from several threads. ModelUnavailable where something is missing."""

    def __init__(self, folder: Path, *, threads: int = _THREADS) -> None:
        detector, reader = _one(folder, "*_det_*.onnx"), _one(folder, "*_rec_*.onnx")
        self.digest = _digest(detector, reader)
        self._detector = _session(detector, threads)
        # Several lines at a time, a thread each, cost a sixth less than all threads on one line after another.
        self._reader = _session(reader, 1)
        self._beside = ThreadPoolExecutor(threads, thread_name_prefix="headgate-ocr")
        letters = self._reader.get_modelmeta().custom_metadata_map.get("character", "").split("\n")
        if len(letters) < 2:
            raise ModelUnavailable(f"{reader.name} does not name its characters")
        # Column 0 is CTC's blank, the last one a space.
        self.letters: tuple[str, ...] = ("", *[letter.rstrip("\r") for letter in letters], " ")

    def detect(self, pixels: Values) -> Values:
        """P(text) [height, width] of one image [1, 3, height, width] in -1..1, both sides multiples of 32."""
        found = _call(self._detector, pixels, keep=pixels.shape[2] * pixels.shape[3] <= _KEPT)
        if found.ndim != 4:
            raise InferenceFailed("the text detector did not answer with a map")
        return np.asarray(found[0, 0])

    def read(self, lines: Values) -> Values:
        """P(character) [lines, steps, letters] of lines [lines, 3, 48, width] in -1..1."""
        found = _call(self._reader, lines)
        if found.ndim != 3 or len(found) != len(lines):
            raise InferenceFailed("the text reader did not answer line by line")
        return found

    def each(self, work: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
        """What `work` answers to each item, several at a time."""
        return [work(item) for item in items] if len(items) < 2 else list(self._beside.map(work, items))


def available() -> bool:
    """Whether rapidocr, OpenCV and onnxruntime are installed; nothing is loaded."""
    return all(find_spec(name) is not None for name in ("rapidocr", "cv2", "onnxruntime", "PIL"))


def models() -> Path:
    """The folder of rapidocr's graphs; ModelUnavailable where it is not installed."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(INSTALL)
    return Path(spec.submodule_search_locations[0]) / "models"


_LOCK = threading.Lock()
_kept: list[Engine] = []


def engine() -> Engine:
    """The process's one engine, loaded when it is first asked for."""
    with _LOCK:
        if not _kept:
            if not available():
                raise ModelUnavailable(INSTALL)
            _kept.append(Engine(models(), threads=min(_THREADS, len(os.sched_getaffinity(0)))))
        return _kept[0]


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise ModelUnavailable(f"no {pattern} in {folder}: install rapidocr anew")
    return found[-1]


def _digest(*paths: Path) -> str:
    sums = hashlib.sha256()
    for path in paths:
        sums.update(path.read_bytes())
    return sums.hexdigest()[:16]


def _session(path: Path, threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelUnavailable("onnxruntime is not installed: pip install 'headgate[cpu,vision]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise ModelUnavailable(f"{path.name} cannot be loaded: {error}") from error


def _call(session: Any, values: Values, *, keep: bool = True) -> Values:
    """The graph's one answer; without `keep` the memory that it took is given back."""
    try:
        found: Values = session.run(None, {session.get_inputs()[0].name: values}, None if keep else _giving_back())[0]
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise InferenceFailed(f"text in an image could not be read: {type(error).__name__}") from error
    return found


def _giving_back() -> Any:
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options
