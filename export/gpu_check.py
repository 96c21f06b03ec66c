"""`make gpu-check`: build, compare and time the embedded model on this machine's GPU, and print one table.

Each line is one way to run it, the time of a batch is the median of interleaved rounds, and parity is the export's own.
"""

from __future__ import annotations

import datetime
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
import msgspec
import numpy as np

from ..models.backends import Machine, backends, machine
from ..models.errors import HeadgateError
from ..models.exported import Parity, read
from ..models.feeds import Feeds, padded
from ..models.registry import embedded
from ..models.run_onnx import OnnxRuntime
from ..models.runtimes import Runtime, open_runtime
from .job import Request, export
from .source import Asked
from .spec import Precision

NO_GPU = 3
"""Exit code where there is nothing to check with: not the same as a check that failed, which is 1."""

SHAPES = ((1, 32), (1, 128), (8, 128), (32, 32), (32, 128))
ROUNDS = 30
_MARKER, _CLS, _SEP = 1, 101, 102


class Way(msgspec.Struct, frozen=True):
    """One way to run the model: its name, its runtime, and its comparison or why there is none."""

    name: str
    runtime: Runtime | None
    parity: Parity | None = None
    why: str = ""


def main() -> None:
    """Check, print, and exit with 0, with 1 where nothing on the GPU ran or something failed, or 3 without a GPU."""
    host = machine()
    if not host.cuda:
        click.echo("gpu-check: there is no GPU here, or no driver for it (nvidia-smi): nothing was checked", err=True)
        for one in backends():
            click.echo(f"  {one.name}: {'runs' if one.usable else one.why}", err=True)
        sys.exit(NO_GPU)
    with tempfile.TemporaryDirectory() as work:
        ways = [*_ways(Path(work), host)]
        click.echo(table(ways, host=host, medians=timed(ways)))
    for one in backends():
        if not one.usable:
            click.echo(f"not checked: {one.name}: {one.why}")
    # The first way is the CPU's: alone, it checked nothing.
    sys.exit(int(len(ways) < 2 or any(way.runtime is None for way in ways)))


def timed(
    ways: Sequence[Way], *, rounds: int = ROUNDS, shapes: Sequence[tuple[int, int]] = SHAPES
) -> list[list[float]]:
    """Median milliseconds of each way (row) and shape (column); ways take turns, so that none has the cooler GPU."""
    spent: list[list[list[float]]] = [[[] for _ in shapes] for _ in ways]
    for turn in range(rounds + 3):
        for column, (rows, length) in enumerate(shapes):
            feeds = sample(rows, length)
            for row, way in enumerate(ways):
                if way.runtime is not None:
                    taken = _once(way.runtime, feeds, rows)
                    spent[row][column] += [taken] if turn >= 3 else []
    return [[statistics.median(cell) if cell else float("nan") for cell in row] for row in spent]


def sample(rows: int, length: int) -> Feeds:
    """Rows of random words between the model's own marks."""
    rng = np.random.default_rng(rows * 1000 + length)
    words = rng.integers(2000, 20000, size=(rows, length - 3)).tolist()
    ids = [[_CLS, _MARKER, *row, _SEP] for row in words]
    return padded(ids, [[0] * length for _ in ids])


def table(ways: Sequence[Way], *, host: Machine, medians: Sequence[Sequence[float]]) -> str:
    """The ways, their parity, and texts a second for each shape, as Markdown."""
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    heads = [f"{rows} × {length}" for rows, length in SHAPES]
    lines = [
        f"{host.gpu} (compute capability {host.capability}), {today}; texts a second by rows × tokens",
        "",
        f"| way | worst logit | flips | {' | '.join(heads)} |",
        f"|{'---|' * (3 + len(heads))}",
    ]
    for way, row in zip(ways, medians, strict=True):
        if way.runtime is None:
            lines.append(f"| {way.name} | {way.why} |{' |' * (1 + len(heads))}")
            continue
        rates = [f"{rows / (spent / 1000):,.0f}" for (rows, _), spent in zip(SHAPES, row, strict=True)]
        worst = f"{way.parity.worst:.3g} | {way.parity.flips} of {way.parity.rows}" if way.parity else "- | -"
        lines.append(f"| {way.name} | {worst} | {' | '.join(rates)} |")
    return "\n".join(lines)


def _once(runtime: Runtime, feeds: Feeds, rows: int) -> float:
    begun = time.perf_counter()
    runtime.feed(feeds, rows=rows)
    return (time.perf_counter() - begun) * 1000


def _ways(work: Path, host: Machine) -> list[Way]:
    usable = {one.name for one in backends() if one.usable}
    ways = [Way("onnxruntime, CPU, int8 as shipped", OnnxRuntime(embedded() / "model.onnx"))]
    cuda: tuple[Precision, ...] = ("fp32", "fp16")
    if "onnxruntime-cuda" in usable:
        ways += [_tried(f"onnxruntime, CUDA, {one}", partial(_cuda, work, one)) for one in cuda]
    engines: tuple[Precision, ...] = ("fp32", "fp16", "bf16", "int8", "fp8")
    for backend in ("tensorrt", "tensorrt_rtx"):
        if backend in usable:
            ways += [
                _tried(f"{backend} {host.versions.get(backend, '')}, {one}",
                       partial(_engine, work, backend, one))
                for one in engines
            ]  # fmt: skip
    return ways


def _tried(name: str, make: Callable[[], Way]) -> Way:
    try:
        return msgspec.structs.replace(make(), name=name)
    except HeadgateError as error:
        return Way(name, None, why=str(error))


def _cuda(work: Path, precision: Precision) -> Way:
    out = work / f"onnx-{precision}"
    made = export(Request(model="text", to="onnx", out=out, precision=precision, device="gpu", asked=Asked()))
    return Way("", OnnxRuntime(out / made.graph, providers=("CUDAExecutionProvider",)), made.parity)


def _engine(work: Path, backend: str, precision: Precision) -> Way:
    out = work / f"{backend}-{precision}"
    export(Request(model="text", to="tensorrt", out=out, precision=precision, backend=backend))  # type: ignore[arg-type]
    return Way("", open_runtime(out), read(out).export.parity)


if __name__ == "__main__":
    main()
