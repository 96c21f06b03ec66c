"""Times the embedded text model on this machine, tokenisation included.

    python benchmarks/model.py [FOLDER] [--compare FOLDER] [--runs 100] [--json]

Each length and number of threads is one text judged alone: normalised, encoded, run and read, as the guard does it.
With `--compare` the two models take turns within every round, so that a noisy machine is noisy for both; compare the
ratios of one run, never single times of two. `cpu` is the process's CPU time of a call, which neighbours disturb less.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import numpy as np

from headgate.models.content import Role, Text
from headgate.models.encoding import PairEncoder
from headgate.models.registry import DEFAULT, resolve
from headgate.models.text import TextClassifier

TOKENS = (16, 32, 64, 128, 256)
THREADS = (1, 2)
WARM_UP = 3
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")


class Time(msgspec.Struct, frozen=True):
    """Milliseconds of judging one text of `tokens` tokens alone."""

    model: str
    tokens: int
    threads: int
    median: float
    p5: float
    p95: float
    cpu: float


def text_of(encoder: PairEncoder, tokens: int) -> str:
    """A text whose windows hold `tokens` tokens in all, or the fewest above."""
    words = 1
    while sum(len(window.ids) for window in encoder.encode("word " * words, None, "chat")) < tokens:
        words += 1
    return "word " * words


def measure(folders: Sequence[Path], *, runs: int) -> list[Time]:
    """The times of every model, length and number of threads; models and threads alternate within a round."""
    encoder = PairEncoder.from_file(str(folders[0] / "tokenizer.json"))
    held = {
        (folder, threads): TextClassifier.load(folder, threads=threads) for folder in folders for threads in THREADS
    }
    made = []
    for tokens in TOKENS:
        part = Text(text=text_of(encoder, tokens), role=Role.USER)
        wall: dict[tuple[Path, int], list[float]] = {key: [] for key in held}
        cpu: dict[tuple[Path, int], list[float]] = {key: [] for key in held}
        for turn in range(runs + WARM_UP):
            for key, model in held.items():
                begun, spent = time.perf_counter(), time.process_time()
                model.assess([part])
                if turn >= WARM_UP:
                    wall[key].append((time.perf_counter() - begun) * 1000)
                    cpu[key].append((time.process_time() - spent) * 1000)
        made += [_time(key[0], tokens, key[1], wall[key], cpu[key]) for key in held]
    return made


def _time(folder: Path, tokens: int, threads: int, wall: Sequence[float], cpu: Sequence[float]) -> Time:
    p5, median, p95 = (round(float(value), 2) for value in np.quantile(wall, (0.05, 0.5, 0.95)))
    return Time(str(folder), tokens, threads, median, p5, p95, round(float(np.median(cpu)), 2))


def machine() -> dict[str, str]:
    """Processor, its flags that int8 kernels ask for, and versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = fields.get("flags", fields.get("Features", "")).split()
    versions = {name: version(name) for name in ("onnxruntime", "tokenizers", "numpy")}
    name = fields.get("model name", platform.processor())
    return {"cpu": name, "flags": " ".join(flag for flag in FLAGS if flag in flags), **versions}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Times the embedded text model.")
    parser.add_argument("folder", nargs="?", default=DEFAULT)
    parser.add_argument("--compare", metavar="FOLDER", action="append", default=[])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    times = measure([resolve(name) for name in (given.folder, *given.compare)], runs=given.runs)
    if given.json:
        print(json.dumps({"machine": machine(), "runs": given.runs, "times": msgspec.to_builtins(times)}))
        return
    print(*(f"{key}: {value}" for key, value in machine().items()), f"runs: {given.runs}", sep="\n")
    print(f"{'tokens':>7}{'threads':>9}{'median':>9}{'p5':>9}{'p95':>9}{'cpu':>9}  model (milliseconds)")
    for one in times:
        print(f"{one.tokens:>7}{one.threads:>9}{one.median:>9}{one.p5:>9}{one.p95:>9}{one.cpu:>9}  {one.model}")


if __name__ == "__main__":
    main()
