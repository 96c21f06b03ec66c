"""What judging costs beside bare onnxruntime, in one interleaved run: throughput, latency, bookkeeping, start and size.

    python benchmarks/inference.py [--rounds 7] [--texts 192] [--only SECTIONS] [--json]

`callers`: 32 tasks of one event loop judge texts of mixed lengths through the scheduler, beside bare onnxruntime on the
same texts, tokenised beforehand, sorted, at most 512 padded tokens a batch, with as many threads. `one`: one text alone
through `Guard.judge`, beside tokenizer and session. `check`: `Guard.check` with nothing to infer. `loop`: how late a
timer of the event loop comes while 16 tasks judge, a long text among them. Everything else is a process of its own.
Both sides of a ratio take turns within every round; medians and spread are over rounds. Compare within one run only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from model import machine
from tokenizers import Tokenizer

from headgate.guard.guard import Guard
from headgate.guard.judging import Judging
from headgate.guard.memo import Memo
from headgate.models.assessment import Assessment
from headgate.models.content import Part, Text
from headgate.models.encoding import PairEncoder, Window
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.registry import DEFAULT, resolve
from headgate.models.run_onnx import OnnxRuntime
from headgate.models.text import TextClassifier
from headgate.models.words import COMMON

CORES = len(os.sched_getaffinity(0))
CALLERS = 32
BATCH_TOKENS = 512
LONGEST = 512
WORDS = sorted(COMMON)
SECTIONS = ("callers", "one", "check", "conversation", "loop", "start", "gateway")


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: its name, the median with its spread over rounds, what it should be, and whether more is better."""

    name: str
    value: float
    low: float
    high: float
    bar: float
    unit: str
    more: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.bar if self.more else self.value <= self.bar


class Free(FakeClassifier):
    """Answers at once: what is left is bookkeeping."""

    local = True

    def __init__(self) -> None:
        super().__init__()
        self._same = scores()

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        return [self._same] * len(parts)


def measure(name: str, found: Sequence[float], *, bar: float, unit: str, more: bool = False) -> Measure:
    return Measure(
        name=name, value=statistics.median(found), low=min(found), high=max(found), bar=bar, unit=unit, more=more
    )


def mixed(count: int, seed: int) -> list[str]:
    """Texts of common words, their lengths log-normal: a median of 40 words, 500 at most."""
    drawn = random.Random(seed)
    lengths = (max(4, min(LONGEST - 12, int(drawn.lognormvariate(3.7, 0.9)))) for _ in range(count))
    return [" ".join(drawn.choices(WORDS, k=length)) for length in lengths]


def sorted_batches(windows: Sequence[Window]) -> list[list[Window]]:
    batches: list[list[Window]] = [[]]
    for window in sorted(windows, key=lambda one: len(one.ids)):
        if batches[-1] and (len(batches[-1]) + 1) * len(window.ids) > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(window)
    return batches


def bare(runtime: OnnxRuntime, batches: Sequence[Sequence[Window]], pool: ThreadPoolExecutor) -> float:
    """Seconds of onnxruntime alone over ready windows, longest batches first."""

    def run(batch: Sequence[Window]) -> None:
        runtime.run([window.ids for window in batch], [window.type_ids for window in batch])

    begun = time.perf_counter()
    list(pool.map(run, reversed(batches)))
    return time.perf_counter() - begun


async def through_callers(judging: Judging, texts: Sequence[str]) -> float:
    """Seconds of CALLERS tasks that each judge one text after the other."""
    left = iter(texts)

    async def caller() -> None:
        for text in left:
            await judging.ajudge([Text(text=text)])

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return time.perf_counter() - begun


def callers(folder: Path, *, rounds: int, texts: int) -> list[Measure]:
    classifier = TextClassifier.load(folder)
    encoder = PairEncoder.from_file(str(folder / "tokenizer.json"))
    runtime, wide = OnnxRuntime(folder / "model.onnx"), OnnxRuntime(folder / "model.onnx", threads=CORES)
    ratios, against_wide, waits = [], [], []
    with ThreadPoolExecutor(CORES) as pool, ThreadPoolExecutor(1) as alone:
        for turn in range(rounds):
            said = mixed(texts, turn)
            windows = [window for text in said for window in encoder.encode(text, None, "chat")]
            judging = Judging([classifier], memo=Memo(size=0))
            batches = sorted_batches(windows)
            # In the order that a drift of the machine's speed does not favour.
            theirs, widely = bare(runtime, batches, pool), bare(wide, batches, alone)
            ours = sum(asyncio.run(through_callers(judging, said)) for _ in range(2))
            widely += bare(wide, batches, alone)
            ratios.append((theirs + bare(runtime, batches, pool)) / ours)
            against_wide.append(widely / ours)
            waits.append(statistics.mean(ran.parts for ran in judging.schedulers[0].ran()))
            judging.close()
    return [
        measure("32 callers, share of bare onnxruntime, a thread for each core", ratios, bar=0.95, unit="x", more=True),
        measure("  of one session that has all cores", against_wide, bar=0.95, unit="x", more=True),
        measure("  parts a batch", waits, bar=1.0, unit="parts", more=True),
    ]


def one(folder: Path, *, tokens: int, rounds: int) -> Measure:
    """The ratio of one text alone, each side's best of some calls within every round."""
    guard = Guard(models=TextClassifier.load(folder, threads=CORES), memo=Memo(size=0))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    runtime = OnnxRuntime(folder / "model.onnx", threads=CORES)
    text = " ".join(WORDS[: tokens - 3])
    part = Text(text=text)

    def alone() -> None:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        ids = [101, 1, *ids, 102]
        runtime.run([ids], [[0] * len(ids)])

    ratios = []
    for _ in range(rounds):
        ours, theirs = [], []
        for _ in range(40):
            theirs.append(_seconds(alone))
            ours.append(_seconds(lambda: guard.judge([part])))
        ratios.append(statistics.median(ours) / statistics.median(theirs))
    guard.close()
    return measure(f"one text of {tokens} tokens, against tokenizer + onnxruntime", ratios, bar=1.10, unit="x")


def check(*, rounds: int) -> list[Measure]:
    """CPU time of `Guard.check` with nothing to infer: known texts, and new ones before a free classifier."""
    guard = Guard(models=Free())
    known, new = [], []
    count = 0
    guard.check("The same words again.")
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(300):
            guard.check("The same words again.")
        known.append((time.process_time() - begun) / 300 * 1e6)
        begun = time.process_time()
        for _ in range(300):
            count += 1
            guard.check(f"Other words, {count}.")
        new.append((time.process_time() - begun) / 300 * 1e6)
    guard.close()
    return [
        measure("Guard.check, remembered", known, bar=100, unit="us CPU"),
        measure("Guard.check, free classifier", new, bar=100, unit="us CPU"),
    ]


def conversation(folder: Path) -> Measure:
    """Parts that the model reads for the last request of a 20-turn conversation."""
    classifier = Counting(TextClassifier.load(folder))
    guard = Guard(models=classifier)
    said: list[dict[str, str]] = []
    newest = 0
    for number in range(20):
        said.append({"role": "user", "content": f"And what is the weather like in town number {number}?"})
        before = classifier.parts
        guard.check(messages=said)
        newest = classifier.parts - before
        said.append({"role": "assistant", "content": f"Answer {number}."})
    guard.close()
    return measure("parts read for the 20th turn (with the one before it, and joined)", [newest], bar=3, unit="parts")


class Counting:
    """A classifier that counts the parts it is asked about."""

    def __init__(self, inner: TextClassifier) -> None:
        self._inner = inner
        self.parts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        self.parts += len(parts)
        return self._inner.assess(parts)


def loop_lag(folder: Path, *, rounds: int) -> list[Measure]:
    """How late a timer of 1 ms comes, in ms, while 16 tasks judge: the 99th percentile and the worst, each round."""
    classifier = TextClassifier.load(folder)
    p99, worst = [], []
    for turn in range(rounds):
        judging = Judging([classifier], memo=Memo(size=0))
        lags = asyncio.run(_lags(judging, [*mixed(64, turn), " ".join(mixed(200, turn + 1))]))
        p99.append(float(np.quantile(lags, 0.99)))
        worst.append(max(lags))
        judging.close()
    return [
        measure("lag of the event loop, 99th percentile", p99, bar=2.0, unit="ms"),
        measure("lag of the event loop, worst", worst, bar=2.0, unit="ms"),
    ]


async def _lags(judging: Judging, texts: Sequence[str]) -> list[float]:
    lags: list[float] = []

    async def ticks() -> None:
        while True:
            due = time.perf_counter() + 0.001
            await asyncio.sleep(0.001)
            lags.append((time.perf_counter() - due) * 1000)

    ticking = asyncio.ensure_future(ticks())
    await through_callers(judging, texts)
    ticking.cancel()
    return lags


def cold_start(*, rounds: int) -> list[Measure]:
    """Seconds of `headgate check` from the shell, and whether torch came along."""
    command = [sys.executable, "-m", "headgate.gateway.cli", "check", "Hello there"]
    found = [_seconds(lambda: subprocess.run(command, capture_output=True, check=True)) for _ in range(rounds)]
    probe = "import sys; from headgate import Guard; Guard().check('Hi'); print(int('torch' in sys.modules))"
    torch = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True, text=True).stdout
    return [
        measure("headgate check, cold", found, bar=1.5, unit="s"),
        measure("torch imported", [float(torch)], bar=0, unit=""),
    ]


def gateway(policy: str, *, size: float) -> list[Measure]:
    """Seconds until the gateway answers, and its resident memory after some requests that upstream refuses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    arguments = ["serve", "--policy", policy, "--upstream", "http://127.0.0.1:9/v1", "--port", str(port)]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate.gateway.cli", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _post(port, "Hello")
        started = time.perf_counter() - begun
        for text in mixed(64, 3):
            _post(port, text)
        lines = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
        resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
    finally:
        process.terminate()
        process.wait(30)
    return [
        measure(f"gateway, policy {policy}: start", [started], bar=1.0, unit="s"),
        measure(f"gateway, policy {policy}: resident memory", [resident], bar=size, unit="MiB"),
    ]


def _post(port: int, text: str) -> None:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    end = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as made:
                made.sendall(head + body)
                while made.recv(65536):
                    pass
            return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise SystemExit("the gateway did not start") from None
            time.sleep(0.01)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--texts", type=int, default=192)
    parser.add_argument("--only", default="", help="sections, of: " + ", ".join(SECTIONS))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    about = {**machine(), "cores": str(CORES), "model": given.model, "rounds": str(given.rounds)}
    if not given.json:
        print(*(f"{key}: {value}" for key, value in about.items()), sep="\n")
    found = []
    for name in given.only.split(",") if given.only else SECTIONS:
        for row in section(name, resolve(given.model), rounds=given.rounds, texts=given.texts):
            found.append(row)
            if not given.json:
                print(told(row), flush=True)
    if given.json:
        rows = [msgspec.to_builtins(row) | {"met": row.met} for row in found]
        print(json.dumps({"machine": about, "measures": rows}, indent=2))


def section(name: str, folder: Path, *, rounds: int, texts: int) -> list[Measure]:
    match name:
        case "callers":
            return callers(folder, rounds=rounds, texts=texts)
        case "one":
            return [one(folder, tokens=tokens, rounds=rounds) for tokens in (32, 128)]
        case "check":
            return check(rounds=rounds)
        case "conversation":
            return [conversation(folder)]
        case "loop":
            return loop_lag(folder, rounds=rounds)
        case "start":
            return cold_start(rounds=min(rounds, 5))
        case "gateway":
            return [*gateway("off", size=80), *gateway("default", size=170)]
        case _:
            raise SystemExit(f"no section {name!r}; there are: {', '.join(SECTIONS)}")


def told(row: Measure) -> str:
    bar = f"{'>=' if row.more else '<='} {row.bar:g}{'' if row.met else ' MISSED'}"
    return f"{row.name:66} {row.value:9.2f} {row.unit:7} ({row.low:.2f}-{row.high:.2f})  {bar}"


if __name__ == "__main__":
    main()
