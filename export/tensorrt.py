"""From an ONNX graph to a TensorRT engine, with TensorRT or TensorRT for RTX; the second builds without a GPU."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np

from ..models.backends import COMPUTE, Machine, TrtBackend, machine, tensorrt_module
from ..models.errors import ConfigError, ExportRefused, ModelUnavailable
from ..models.exported import Axes, Engine, Parity, Profile, Tolerance
from ..models.run_tensorrt import TensorRtRuntime, misfit
from .onnx import Feeds, Logits, Run
from .parity import Judgement, compare
from .source import Source

Backend: TypeAlias = Literal["auto", "tensorrt", "tensorrt_rtx"]
PROBES = "probe.npz"
"""Probe rows and the original's logits, for engines that were built where they could not be run."""


class Buckets(msgspec.Struct, frozen=True):
    """Batch sizes and lengths that an engine is tuned for; every pair is a profile."""

    batches: tuple[int, ...] = (1, 8, 32)
    lengths: tuple[int, ...] = (32, 128, 512)


class _Parsed(msgspec.Struct, frozen=True):
    """A network with the parser that owns its weights, which must not go first."""

    network: Any
    parser: Any


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """An engine and what it was built with; `here` says whether this machine can run it."""

    engine: Engine
    versions: dict[str, str]
    here: bool

    def compared(
        self, source: Source, path: Path, original: Judgement, *, parity: Parity, tolerance: Tolerance
    ) -> Parity:
        """The engine's own comparison where there is a GPU for it.

        Elsewhere the graph's stands, and probe rows go beside the engine: a runtime compares them before it serves.
        """
        if self.here:
            run = _run(path, self.engine, source.subject.inputs)
            return compare(
                original, source.judge(run), tolerance=tolerance, policy=parity.policy, against=parity.against,
                seen="engine",
            )  # fmt: skip
        write_probes(path.with_name(PROBES), source.feeds(), source.original())
        return msgspec.structs.replace(parity, seen="source graph")


def profiles(inputs: Sequence[Axes], *, longest: int, buckets: Buckets) -> tuple[Profile, ...]:
    """Every pair of batch and length, smallest first; lengths stop at the longest row that the model reads.

    Raises ConfigError where a bucket is no positive number.
    """
    lengths = sorted({min(length, longest) for length in buckets.lengths} | {longest}) if longest else [0]
    batches = sorted(set(buckets.batches))
    if not batches or batches[0] < 1 or (longest and lengths[0] < 1):
        raise ConfigError("--batches and --lengths: every bucket is a number from 1 on")
    if longest and max(buckets.lengths) < longest:
        lengths = [length for length in lengths if length <= max(buckets.lengths)]
    return tuple(Profile(batch=batch, length=length) for length in lengths for batch in batches)


def build(
    graph: Path,
    plan: Path,
    *,
    inputs: Sequence[Axes],
    longest: int,
    buckets: Buckets,
    backend: Backend | None = None,
    cache: Path | None = None,
    newer: bool = False,
) -> Built:
    """Write the engine of a graph.

    With `newer` it also runs on later versions and, for TensorRT, on every GPU from Ampere on, at some cost in speed;
    `cache` keeps what was timed for the next build. Raises ModelUnavailable where no builder is installed or TensorRT
    has no GPU to time on, and ConfigError with the parser's words where it cannot read the graph.
    """
    host = machine()
    name = _chosen(backend or "auto", host)
    trt = tensorrt_module(name)
    shapes = profiles(inputs, longest=longest, buckets=buckets)
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    parsed = _parsed(trt, builder, logger, graph)
    config = builder.create_builder_config()
    for shape in shapes:
        config.add_optimization_profile(_profile(builder, inputs, shape))
    timings = _timings(config, cache) if name == "tensorrt" else None
    capabilities = _target(trt, config, name, host, newer=newer)
    made = builder.build_serialized_network(parsed.network, config)
    if made is None:
        raise ExportRefused(f"{name} {trt.__version__} built no engine of this graph; its own log says why")
    plan.write_bytes(bytes(made))
    if timings is not None and cache is not None:
        cache.write_bytes(bytes(config.get_timing_cache().serialize()))
    engine = Engine(
        backend=name, version=str(trt.__version__), capabilities=capabilities, newer=newer,
        platform=f"{platform.system()}-{platform.machine()}", profiles=shapes,
    )  # fmt: skip
    return Built(
        engine=engine,
        versions={name: str(trt.__version__)},
        here=misfit(engine, host) is None and host.cuda,
    )


def write_probes(path: Path, feeds: Sequence[Feeds], original: Run) -> None:
    """Write each batch's inputs and the original's logits, numbered."""
    held: dict[str, np.ndarray] = {}
    for number, batch in enumerate(feeds):
        held |= {f"{number}/{name}": array for name, array in batch.items()}
        held[f"{number}/logits"] = original(batch)
    np.savez_compressed(path, **held)  # type: ignore[arg-type]


def _chosen(backend: Backend, host: Machine) -> TrtBackend:
    if backend != "auto":
        return backend
    usable: list[TrtBackend] = [name for name in ("tensorrt", "tensorrt_rtx") if name in host.installed]
    if "tensorrt" in usable and host.cuda:
        return "tensorrt"
    if "tensorrt_rtx" in usable:
        return "tensorrt_rtx"
    if usable:
        raise ModelUnavailable("TensorRT times its kernels on a GPU, and there is none; tensorrt_rtx builds without")
    raise ModelUnavailable(
        "no TensorRT is installed: pip install 'headgate[gpu]', or tensorrt-rtx-cu13-libs and "
        "tensorrt-rtx-cu13-bindings, which build without a GPU"
    )


def _parsed(trt: Any, builder: Any, logger: Any, graph: Path) -> _Parsed:
    typed = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = trt.OnnxParser(network, logger)
    # By its file, so that weights beside the graph are found.
    if not parser.parse_from_file(str(graph)):
        faults = "; ".join(str(parser.get_error(at)) for at in range(parser.num_errors))
        raise ConfigError(f"TensorRT cannot read this graph: {faults}")
    return _Parsed(network, parser)


def _profile(builder: Any, inputs: Sequence[Axes], shape: Profile) -> Any:
    made = builder.create_optimization_profile()
    for axes in inputs:
        least, most = (_sizes(axes, batch, length) for batch, length in ((1, 1), (shape.batch, shape.length)))
        made.set_shape(axes.name, least, most, most)
    return made


def _sizes(axes: Axes, batch: int, length: int) -> tuple[int, ...]:
    named = {"batch": batch, "sequence": length}
    return tuple(named[size] if isinstance(size, str) else size for size in axes.shape)


def _timings(config: Any, cache: Path | None) -> Any:
    held = cache.read_bytes() if cache is not None and cache.is_file() else b""
    made = config.create_timing_cache(held)
    # False: timings of another kind of GPU are refused, not believed.
    config.set_timing_cache(made, False)
    return made


def _target(trt: Any, config: Any, name: TrtBackend, host: Machine, *, newer: bool) -> tuple[str, ...]:
    if name == "tensorrt_rtx":
        config.num_compute_capabilities = len(COMPUTE)
        for at, capability in enumerate(COMPUTE):
            config.set_compute_capability(getattr(trt.ComputeCapability, f"SM{capability.replace('.', '')}"), at)
        return COMPUTE
    if newer:
        config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
        config.hardware_compatibility_level = trt.HardwareCompatibilityLevel.AMPERE_PLUS
    return (host.capability,)


def _run(path: Path, engine: Engine, inputs: Sequence[Axes]) -> Run:
    runtime = TensorRtRuntime(path, engine=engine, inputs=inputs)

    def run(feeds: Feeds) -> Logits:
        return runtime.feed(feeds, rows=len(next(iter(feeds.values()))))

    return run
