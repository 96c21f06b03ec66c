"""The text model beside LLM Guard's Toxicity scanner, in one interleaved run.

    python benchmarks/toxicity.py --peer PYTHON [--rounds 7] [--json]

PYTHON is that of an environment with `pip install llm-guard==0.3.16`. The scanner runs as shipped (PyTorch, every text
padded to 512 tokens) on a randomly initialised checkpoint of the architecture and size that it loads. The text model is
much smaller, so the same checkpoint is also exported (`headgate export`, fp32) and judged by the adapter
`unbiased-toxic-roberta`: what not padding and onnxruntime alone are worth. Ratios are of wall time and of CPU time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inference import WORDS, Measure, measure, told
from model import machine

from headgate.export.job import Request, export
from headgate.export.source import Asked
from headgate.guard.guard import Guard
from headgate.guard.memo import Memo
from headgate.models.classifier import Classifier
from headgate.models.content import Part, Text
from headgate.models.guards.encoder_judge import EncoderJudge
from headgate.models.guards.unbiased_toxic_roberta import GUARD
from headgate.models.place import Place
from headgate.models.registry import embedded
from headgate.models.text import TextClassifier

CORES = len(os.sched_getaffinity(0))
LENGTHS = (32, 128)
PEER = Path(__file__).with_name("toxicity_peer.py")
REST = 0.3
"""Seconds between turns: PyTorch's threads spin a while after their work."""


class Peer:
    """The scanner's process."""

    def __init__(self, python: str, folder: Path) -> None:
        command = [python, str(PEER), str(folder), str(embedded() / "tokenizer.json")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about: dict[str, Any] = self._answer()

    def scan(self, text: str) -> list[float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        seconds: list[float] = self._answer()
        return seconds

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the scanner's process ended; see what it said")
        return json.loads(line)


def spent(work: Callable[[], object]) -> list[float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return [time.perf_counter() - wall, time.process_time() - cpu]


def median_of(work: Callable[[], object], count: int) -> list[float]:
    found = [spent(work) for _ in range(count)]
    return [statistics.median(column) for column in zip(*found, strict=True)]


def compare(peer: Peer, ours: Classifier, name: str, *, bar: float, rounds: int) -> list[Measure]:
    guard = Guard(models=ours, memo=Memo(size=0))
    found: list[Measure] = []
    for tokens in LENGTHS:
        text = " ".join(WORDS[: tokens - 2])
        part: Part = Text(text=text)
        guard.judge([part])
        peer.scan(text)
        ratios: list[list[float]] = []
        for _ in range(rounds):
            theirs = peer.scan(text)
            time.sleep(REST)
            mine = median_of(lambda part=part: guard.judge([part]), 5)  # type: ignore[misc]
            ratios.append([one / other for one, other in zip(theirs, mine, strict=True)])
        for clock, column in zip(("wall", "CPU"), zip(*ratios, strict=True), strict=True):
            label = f"{name}, {tokens} tokens, {clock}: times faster"
            found.append(measure(label, column, bar=bar, unit="x", more=True))
    guard.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, help="the Python of an environment with llm-guard")
    parser.add_argument("--work", type=Path, help="keeps the checkpoint and its export for the next run")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = given.work or Path(scratch)
        peer = Peer(given.peer, work / "roberta")
        same = work / "exported"
        if not same.is_dir():
            export(Request(model=str(work / "roberta"), to="onnx", out=same, asked=Asked(rows=2)))
        classifier = EncoderJudge.load(GUARD, same, place=Place(threads=CORES))
        rows = compare(peer, TextClassifier.load(embedded(), threads=CORES), "text", bar=100, rounds=given.rounds)
        rows += compare(peer, classifier, "the same architecture", bar=1, rounds=given.rounds)
        about = {**machine(), "cores": str(CORES), "rounds": str(given.rounds), **map_of(peer.about)}
        peer.close()
    if given.json:
        made = [{"name": row.name, "value": row.value, "low": row.low, "high": row.high} for row in rows]
        print(json.dumps({"machine": about, "measures": made}, indent=2))
        return
    print(*(f"{key}: {value}" for key, value in about.items()), sep="\n")
    print(*map(told, rows), sep="\n")


def map_of(about: dict[str, Any]) -> dict[str, str]:
    return {f"scanner's {key}": str(value) for key, value in about.items()}


if __name__ == "__main__":
    main()
