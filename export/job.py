"""One export from end to end: write the graph, make it precise or small, compare it, dress it, put it in its place."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from ..models.errors import ConfigError
from ..models.exported import Engine, Export, Parity, Target, Tolerance
from . import quantize, triton, write
from .onnx import run_graph
from .parity import Judgement, compare
from .passes.graph import OPSET
from .quantize import Device
from .source import Asked, Source, open_source
from .spec import Precision
from .tensorrt import Backend, Buckets, Built, build

GRAPH = "model.onnx"
PLAN = "model.plan"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; `device` None stands for what the target and precision usually run on."""

    model: str
    to: Target
    out: Path
    precision: Precision = "fp32"
    device: Device | None = None
    asked: Asked = Asked()
    tolerance: float | None = None
    flips: float | None = None
    backend: Backend | None = None
    buckets: Buckets = Buckets()
    timing_cache: Path | None = None
    newer: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was written where, and how it compared."""

    name: str
    folder: Path
    target: Target
    precision: Precision
    graph: str
    bytes: int
    parity: Parity
    tolerance: Tolerance
    engine: Engine | None = None


def export(request: Request) -> Outcome:
    """Write the folder of an export, whole and compared, or raise and leave nothing behind.

    Raises ConfigError for what cannot be exported so, ModelUnavailable for what is missing, and ExportRefused for an
    export that differs from its original by more than its tolerance.
    """
    device = _device(request)
    source = open_source(request.model, request.asked)
    tolerance = _tolerance(source.tolerance(request.precision), request)
    with write.staged(request.out) as folder:
        path = folder / GRAPH
        parity, original = _compared(source, path, request, device=device, tolerance=tolerance)
        made = _dressed(source, folder, request, parity=parity, original=original, tolerance=tolerance)
        source.beside(folder)
        held = source.card(made, request.precision)
        held["created"] = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
        write.manifest(folder, held)
        size = (folder / made.graph).stat().st_size
    return Outcome(
        name=source.subject.name, folder=request.out, target=request.to, precision=request.precision,
        graph=made.graph, bytes=size, parity=made.parity, tolerance=tolerance, engine=made.engine,
    )  # fmt: skip


def _compared(
    source: Source, path: Path, request: Request, *, device: Device, tolerance: Tolerance
) -> tuple[Parity, Judgement]:
    original = source.judge(source.original())
    shipped = source.shipped(request.precision) if device == "cpu" else None
    seen = path
    if shipped is not None:
        path.write_bytes(shipped.read_bytes())
    else:
        source.write(path)
        if request.precision == "bf16":
            seen = path.with_name("rounded.onnx")
            quantize.rounded(path, seen)
        quantize.convert(path, request.precision, device=device, feeds=source.feeds())
    # Fused kernels would round otherwise than the nodes of a graph that is meant for a GPU.
    found = source.judge(run_graph(seen, optimise=device == "cpu" or request.precision in ("fp32", "fp16")))
    parity = compare(
        original, found, tolerance=tolerance, policy=request.asked.policy, against=source.subject.against,
        seen="graph" if seen == path else "rounded graph",
    )  # fmt: skip
    for left in path.parent.glob("rounded.onnx*"):
        left.unlink()
    return parity, original


def _dressed(
    source: Source, folder: Path, request: Request, *, parity: Parity, original: Judgement, tolerance: Tolerance
) -> Export:
    subject = source.subject
    built: Built | None = None
    graph = GRAPH
    if request.to == "tensorrt" or (request.to == "triton" and request.backend is not None):
        built = build(
            folder / GRAPH, folder / PLAN, inputs=subject.inputs, longest=subject.max_tokens, buckets=request.buckets,
            backend=request.backend, cache=request.timing_cache, newer=request.newer,
        )  # fmt: skip
        for left in folder.glob(f"{GRAPH}*"):
            left.unlink()
        parity = built.compared(source, folder / PLAN, original, parity=parity, tolerance=tolerance)
        graph = PLAN
    if request.to == "triton":
        graph = triton.write(folder, graph, subject, buckets=request.buckets)
    return Export(
        target=request.to, task=subject.task, graph=graph, source=subject.source,
        opset=OPSET, inputs=subject.inputs, output=subject.output, activation=subject.activation,
        tolerance=tolerance, parity=parity, versions=write.versions() | (built.versions if built else {}),
        max_tokens=subject.max_tokens, pad_id=subject.pad_id, answers=subject.answers, pixels=subject.pixels,
        engine=built.engine if built else None,
    )  # fmt: skip


def _device(request: Request) -> Device:
    usual: Device = "gpu" if request.to == "tensorrt" or request.precision in ("bf16", "fp8") else "cpu"
    usual = "gpu" if request.backend is not None else usual
    if request.to == "tensorrt" and request.device == "cpu":
        raise ConfigError("--device cpu: TensorRT runs on GPUs alone; leave it out, or choose --to onnx")
    return request.device or usual


def _tolerance(usual: Tolerance, request: Request) -> Tolerance:
    return Tolerance(
        logits=usual.logits if request.tolerance is None else request.tolerance,
        flips=usual.flips if request.flips is None else request.flips,
    )
