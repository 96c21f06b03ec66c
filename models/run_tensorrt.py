"""TensorRT behind the same call as onnxruntime: rows of token ids in, a matrix of logits out.

A lane is an execution context with a CUDA stream and pinned buffers of its own; as many callers as there are lanes
are served at once, the others wait. An engine that was built where it could not be run is compared with the logits
that lie beside it before it serves.
"""

from __future__ import annotations

import platform
import queue
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .backends import Machine, machine, tensorrt_module
from .errors import DigestMismatch, InferenceFailed, ModelUnavailable
from .exported import Axes, Engine, Export, Profile
from .feeds import Feeds, Logits, checked, padded

LANES = 2
"""Callers that one engine serves at once: with two, one's copies run beside the other's kernels."""


def misfit(engine: Engine, host: Machine) -> str | None:
    """Why an engine does not run on a machine, and what to do about it; None where it does."""
    again = "export the model again on this machine"
    if engine.backend not in host.installed:
        return f"it needs {engine.backend} {engine.version}, which is not installed"
    version = host.versions.get(engine.backend, "")
    if not _versions_fit(engine, version):
        return f"it was built by {engine.backend} {engine.version} and {version} is installed: {again}"
    here = f"{platform.system()}-{platform.machine()}"
    if engine.platform != here:
        return f"it was built on {engine.platform} and this is {here}: {again}"
    if not host.cuda:
        return "there is no GPU here, or no driver for it; use the ONNX export"
    if not _capability_fits(engine, host.capability):
        built = ", ".join(engine.capabilities) + (" and newer" if engine.newer else "")
        return f"it was built for compute capability {built} and the {host.gpu} has {host.capability}: {again}"
    return None


def choose(profiles: Sequence[Profile], *, rows: int, length: int) -> int:
    """The index of the smallest profile that rows of a length fit in; InferenceFailed where none does."""
    fits = [at for at, one in enumerate(profiles) if one.batch >= rows and one.length >= length]
    if not fits:
        largest = max(profiles, key=lambda one: (one.length, one.batch))
        raise InferenceFailed(
            f"{rows} rows of {length} tokens are more than the engine's largest profile, "
            f"{largest.batch} rows of {largest.length}"
        )
    return min(fits, key=lambda at: (profiles[at].batch * max(1, profiles[at].length), profiles[at].batch))


class TensorRtRuntime:
    """An engine on the first GPU; safe to call from several threads.

    `joins` is true: rows of an engine do not depend on each other. Raises ModelUnavailable where the engine does not
    fit this machine or its runtime cannot load it, with the reason.
    """

    joins = True
    local = True

    def __init__(
        self, path: Path, *, engine: Engine, inputs: Sequence[Axes], pad_id: int = 0, lanes: int = LANES
    ) -> None:
        reason = misfit(engine, machine())
        if reason is not None:
            raise ModelUnavailable(f"{path}: this engine does not run here: {reason}")
        from .cuda import Lane

        trt = tensorrt_module(engine.backend)
        self.callers = lanes
        self._path = path
        self._pad_id = pad_id
        self._profiles = engine.profiles
        self._names = tuple(axes.name for axes in inputs)
        # Held for as long as the engine lives, which they must outlast.
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._runtime.engine_host_code_allowed = engine.newer and engine.backend == "tensorrt"
        self._engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if self._engine is None:
            raise ModelUnavailable(f"{path}: {engine.backend} {engine.version} cannot load this engine")
        self._lanes: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for _ in range(lanes):
            self._lanes.put(Lane(self._engine, trt=trt, profiles=len(self._profiles)))

    @classmethod
    def load(cls, folder: Path, export: Export) -> TensorRtRuntime:
        """The engine of an exported folder, compared with the original's logits where it has not been yet.

        Raises ModelUnavailable where it does not fit, DigestMismatch where it answers otherwise than its original.
        """
        if export.engine is None:
            raise ModelUnavailable(f"{folder}: its manifest describes no engine")
        path = folder / export.graph
        runtime = cls(path, engine=export.engine, inputs=export.inputs, pad_id=export.pad_id)
        if export.parity.seen != "engine":
            proved(runtime, folder / "probe.npz", tolerance=export.tolerance.logits)
        return runtime

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The logits [rows, heads] of rows of token ids, padded to the longest of them."""
        if not len(input_ids):
            return np.zeros((0, 0), dtype=np.float32)
        return self.feed(padded(input_ids, type_ids, pad_id=self._pad_id), rows=len(input_ids))

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The logits [rows, heads] of inputs by name, in as many calls as the largest profile asks for.

        Raises InferenceFailed where a row is longer than any profile, or the GPU fails.
        """
        given = {name: np.ascontiguousarray(feeds[name]) for name in self._names}
        length = 0 if "pixel_values" in given else next(iter(given.values())).shape[1]
        most = max((one.batch for one in self._profiles if one.length >= length), default=1)
        made = [
            self._call({name: array[at : at + most] for name, array in given.items()}, length=length)
            for at in range(0, rows, most)
        ]
        return checked(np.concatenate(made), rows=rows, name=self._path.name)

    def _call(self, feeds: Feeds, *, length: int) -> Logits:
        profile = choose(self._profiles, rows=len(next(iter(feeds.values()))), length=length)
        lane = self._lanes.get()
        try:
            return lane.run(feeds, profile=profile)
        finally:
            self._lanes.put(lane)


def proved(runtime: Any, probes: Path, *, tolerance: float) -> None:
    """Holds a runtime to the logits of `probe.npz`; DigestMismatch where one differs by more than the tolerance."""
    try:
        with np.load(probes, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{probes}: the rows to compare this engine with cannot be read") from error
    for number in sorted({name.split("/")[0] for name in arrays}):
        feeds = {name.split("/")[1]: array for name, array in arrays.items() if name.split("/")[0] == number}
        wanted = feeds.pop("logits")
        gap = float(np.abs(runtime.feed(feeds, rows=len(wanted)) - wanted).max())
        if gap > tolerance:
            raise DigestMismatch(
                f"{probes.parent}: on this machine the engine's logits differ from its original's by {gap:.3g}, "
                f"and {tolerance:g} is allowed; export the model again"
            )


def _versions_fit(engine: Engine, version: str) -> bool:
    built, here = _order(engine.version)[:2], _order(version)[:2]
    return here >= built and here[:1] == built[:1] if engine.newer else here == built


def _capability_fits(engine: Engine, capability: str) -> bool:
    if capability in engine.capabilities:
        return True
    return engine.newer and engine.backend == "tensorrt" and _order(capability) >= (8, 0)


def _order(capability: str) -> tuple[int, ...]:
    return tuple(int(word) for word in capability.split(".") if word.isdigit())
