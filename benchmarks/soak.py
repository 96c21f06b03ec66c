"""Whether the gateway stays as it is under load: memory, tasks, connections and file descriptors over time.

python benchmarks/soak.py --minutes 10 [--clients 8] [--faults 0.1] [--model] [--json]

A real server in a process of its own, in front of a real HTTP upstream that fails for a share of its answers; clients
in every dialect, streaming or not, some of which leave early or send nonsense. Prints a table, and ends with 1 where
memory grows or something is left over. Without `--model` a classifier that costs nothing judges, which is enough to
find leaks in everything around it. Reads /proc, so it runs on Linux alone.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

HERE = Path(__file__).parent
PAGE = os.sysconf("SC_PAGE_SIZE")
POLICY = """
version: 1
name: soak
extends: default
thresholds: {default: 0.5, sensitive: 0.5}
regenerate: {rounds: 2}
"""
TEXTS = ("Which birds dive?", "How deep is the lake?", "BAD words", "WORST words")


class Sample(msgspec.Struct):
    """The server at one time: seconds, MiB, and counts of what is open."""

    at: float
    rss: float
    fds: int
    tasks: int
    connections: int
    done: int


class Report(msgspec.Struct):
    """What was seen: samples from the idle server before the load to the idle one after it, and what was answered."""

    samples: list[Sample]
    outcomes: dict[str, int]
    faults: list[str]


class Server:
    """The gateway's process; it tells how many tasks and connections it has for each line that it is sent."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.url = url
        self._process = process
        self._began = time.monotonic()

    async def sample(self, done: int) -> Sample:
        """The state of this moment."""
        told = json.loads(await asyncio.to_thread(self._ask))
        folder = Path(f"/proc/{self._process.pid}")
        resident = int((folder / "statm").read_text().split()[1]) * PAGE / 2**20
        open_files = len(list((folder / "fd").iterdir()))
        at = time.monotonic() - self._began
        return Sample(at=at, rss=resident, fds=open_files, done=done, **told)

    def _ask(self) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


@contextmanager
def processes(*, faults: float, model: bool, pace: float) -> Iterator[Server]:
    """Upstream and gateway, each in a process of its own."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    behind = [sys.executable, str(HERE / "soak_upstream.py"), "--faults", str(faults), "--pace", str(pace)]
    upstream = subprocess.Popen(behind, **quiet)  # type: ignore[call-overload]
    server = None
    try:
        url = upstream.stdout.readline().decode().strip()
        front = [sys.executable, __file__, "--serve", url, *(["--model"] if model else [])]
        server = subprocess.Popen(front, stdin=subprocess.PIPE, **quiet)  # type: ignore[call-overload]
        yield Server(server, server.stdout.readline().decode().strip())
    finally:
        for process in (server, upstream):
            if process is not None:
                process.terminate()
                process.wait()


def serve(upstream: str, *, model: bool) -> None:
    """The gateway: prints its address, and a line of counts for every line on stdin."""
    import threading

    import uvicorn

    from headgate.gateway.app import create_app
    from headgate.gateway.config import Settings
    from headgate.gateway.serve import _options
    from headgate.guard.guard import Guard
    from headgate.guard.memo import Memo
    from headgate.models.fakes import FakeClassifier, scores
    from headgate.policies.compile import parse_policy

    rules = {
        "BAD": scores(unsafe=0.95, severity=2, categories={"violence": 0.95}),
        "WORST": scores(unsafe=0.99, severity=3, categories={"violence": 0.99}),
    }
    fake = FakeClassifier(rules)
    # A small memo, so that it is full at once: what grows after that is a leak.
    guard = Guard(parse_policy(POLICY), None if model else fake, memo=Memo(size=256))
    settings = Settings(upstream=upstream, policy="soak", port=0, body_timeout=20, head_timeout=10, drain=0)
    server = uvicorn.Server(uvicorn.Config(create_app(settings, guard=guard), **_options(settings)))
    loops: list[asyncio.AbstractEventLoop] = []

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        await server.serve()

    def tell() -> None:
        while not server.started:
            time.sleep(0.01)
        print(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", flush=True)
        for _ in sys.stdin:
            # A fake keeps what it judged, for tests to read.
            fake.judged.clear()
            counts = {
                "tasks": len(asyncio.all_tasks(loops[0])),
                "connections": len(server.server_state.connections),
            }
            print(json.dumps(counts), flush=True)

    threading.Thread(target=tell, daemon=True).start()
    import uvloop

    uvloop.run(run())


def bodies(text: str, *, stream: bool) -> dict[str, dict[str, Any]]:
    """A request in every dialect."""
    chat = {"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream}
    return {
        "/v1/chat/completions": chat,
        "/v1/completions": {"model": "m", "prompt": text, "stream": stream},
        "/v1/responses": {"model": "m", "input": text, "stream": stream},
        "/v1/messages": {**chat, "max_tokens": 9},
        "/api/chat": chat,
        "/v1/embeddings": {"model": "m", "input": text},
        "/v1/moderations": {"input": text},
        "/v1/check": {"prompt": text},
        "/v1/messages/count_tokens": {**chat, "stream": False},
    }


async def exchange(session: aiohttp.ClientSession, url: str, dice: random.Random) -> str:
    """One exchange, and how it ended."""
    text = f"{dice.choice(TEXTS)} {dice.random()}"
    path, body = dice.choice(list(bodies(text, stream=dice.random() < 0.6).items()))
    data = json.dumps(body).encode()
    if dice.random() < 0.05:
        data = data[: dice.randint(0, len(data))]
    leaves = dice.random() < 0.15
    try:
        async with session.post(f"{url}{path}", data=data) as answer:
            if leaves:
                await answer.content.readany()
                answer.close()
                return "left"
            await answer.read()
            return str(answer.status)
    except aiohttp.ClientPayloadError:
        return "cut"
    except aiohttp.ClientError as error:
        return type(error).__name__


async def soak(
    server: Server, *, clients: int, seconds: float = float("inf"), exchanges: float = float("inf"), every: float = 5.0
) -> Report:
    """Loads the server for so long, or with so many exchanges, and waits until it is idle again."""
    outcomes: Counter[str] = Counter()
    samples = [await server.sample(0)]
    end = time.monotonic() + seconds

    async def client(seed: int) -> None:
        dice = random.Random(seed)
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < end and outcomes.total() < exchanges:
                outcomes[await exchange(session, server.url, dice)] += 1

    load = asyncio.gather(*(client(seed) for seed in range(clients)))
    while not load.done():
        await asyncio.wait((load,), timeout=every)
        samples.append(await server.sample(outcomes.total()))
    await load
    samples.append(await _idle(server, samples[0], done=outcomes.total()))
    return Report(samples=samples, outcomes=dict(outcomes), faults=faults_of(samples, clients=clients))


async def _idle(server: Server, before: Sample, *, done: int) -> Sample:
    """The first sample in which nothing is left over, or the one after half a minute."""
    deadline = time.monotonic() + 30
    while True:
        found = await server.sample(done)
        if time.monotonic() > deadline or not (found.connections or found.tasks > before.tasks):
            return found
        await asyncio.sleep(0.1)


def faults_of(samples: list[Sample], *, clients: int) -> list[str]:
    """What is not as it was: memory that grows from the second quarter to the last, or things that stayed open."""
    first, last = samples[0], samples[-1]
    found = []
    under = samples[1:-1]
    quarter = len(under) // 4
    if quarter >= 2:
        early, late = (
            statistics.median(s.rss for s in part) for part in (under[quarter : 2 * quarter], under[-quarter:])
        )
        if late > early + max(3.0, early * 0.03):
            found.append(f"memory grows: {early:.1f} MiB in the second quarter, {late:.1f} MiB in the last")
    if last.tasks > first.tasks:
        found.append(f"tasks are left over: {first.tasks} before, {last.tasks} after")
    if last.connections:
        found.append(f"{last.connections} connections of clients are left over")
    # Connections to upstream are kept for the next request: each client can have needed one, and one for a retry.
    if last.fds > first.fds + 2 * clients:
        found.append(f"file descriptors are left over: {first.fds} before, {last.fds} after")
    return found


def table(report: Report, *, rows: int = 20) -> str:
    """The samples, thinned to so many rows."""
    lines = [f"{'s':>7} {'exchanges':>10} {'MiB':>8} {'fds':>5} {'tasks':>6} {'connections':>12}"]
    step = max(1, len(report.samples) // rows)
    shown = sorted({*range(0, len(report.samples), step), len(report.samples) - 1})
    for sample in (report.samples[place] for place in shown):
        counts = f"{sample.fds:5} {sample.tasks:6} {sample.connections:12}"
        lines.append(f"{sample.at:7.0f} {sample.done:10} {sample.rss:8.1f} {counts}")
    told = ", ".join(f"{name} {count}" for name, count in sorted(report.outcomes.items()))
    return "\n".join([*lines, told, *(report.faults or ["nothing grew and nothing was left over"])])


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--faults", type=float, default=0.1)
    parser.add_argument("--model", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, model=options.model)
        return
    with processes(faults=options.faults, model=options.model, pace=0.002) as server:
        report = asyncio.run(soak(server, clients=options.clients, seconds=options.minutes * 60))
    print(msgspec.json.encode(report).decode() if options.json else table(report))
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
