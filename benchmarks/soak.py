"""Whether the gateway stays as it is under load: memory, tasks, connections and file descriptors over time.

python benchmarks/soak.py --minutes 10 [--clients 16] [--pause 0.2] [--faults 0.1] [--free] [--json]

A real `headgate serve` with the embedded model and a Redis, in front of a real HTTP upstream that fails for a share of
its answers; clients in every dialect, streaming or not, some of which leave early, read or write slowly, ask for what
is not served or send nonsense. Prints a table, and ends with 1 where memory grows by more than half a MiB a minute once
all is warm, or something is left over. With `--free` a classifier that costs nothing judges, and no Redis counts, which
is enough to find leaks in everything around them. Reads /proc, so it runs on Linux alone.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

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
TEXTS = (
    "Which birds dive?",
    "How deep is the lake?",
    "BAD words",
    "WORST words: I will beat you until you stop breathing",
)
POOL: Final = 150
"""So often each text stands, numbered: what is remembered of them is complete after some minutes."""
GROWTH: Final = 0.5
"""MiB a minute that memory may grow once all is warm."""
LONG_ENOUGH: Final = 12
"""Samples that a slope needs."""


class Sample(msgspec.Struct):
    """The server at one time: seconds, MiB, and counts of what is open; `upstream` are its connections to there."""

    at: float
    rss: float
    fds: int
    tasks: int
    connections: int
    done: int
    upstream: int = 0


class Report(msgspec.Struct):
    """What was seen: samples from the idle server before the load to the idle one after it, and what was answered."""

    samples: list[Sample]
    outcomes: dict[str, int]
    faults: list[str]


class Server:
    """The gateway's process; it tells how many tasks and connections it has for each line that it is sent."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, *, upstream: str = "") -> None:
        self.url = url
        self._process = process
        self._upstream = urlsplit(upstream).port
        self._began = time.monotonic()

    async def sample(self, done: int) -> Sample:
        """The state of this moment."""
        told = json.loads(await asyncio.to_thread(self._ask))
        folder = Path(f"/proc/{self._process.pid}")
        resident = int((folder / "statm").read_text().split()[1]) * PAGE / 2**20
        open_files = len(list((folder / "fd").iterdir()))
        at = time.monotonic() - self._began
        held = connected_to(self._upstream)
        return Sample(at=at, rss=resident, fds=open_files, done=done, upstream=held, **told)

    def _ask(self) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def connected_to(port: int | None) -> int:
    """Connections of this machine that lead to a port and are open, or that the other side has closed alone."""
    found = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) == port and fields[3] in ("01", "08"):
            found += 1
    return found


@contextmanager
def running(command: list[str], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the end of the block."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def redis() -> Iterator[str]:
    """The URL of a Redis of its own; empty where none is installed."""
    binary = shutil.which("redis-server")
    if binary is None:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        path = f"{folder}/redis.sock"
        with running([binary, "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder]) as process:
            while not Path(path).exists():
                if process.poll() is not None:
                    raise SystemExit("redis-server did not start")
                time.sleep(0.01)
            yield f"unix://{path}"


@contextmanager
def processes(*, faults: float, model: bool, pace: float) -> Iterator[Server]:
    """Upstream, Redis and gateway, each in a process of its own; without `model` a free classifier and no Redis."""
    behind = [sys.executable, str(HERE / "soak_upstream.py"), "--faults", str(faults), "--pace", str(pace)]
    with ExitStack() as stack:
        upstream = _address(stack.enter_context(running(behind)))
        told = ["--redis", stack.enter_context(redis())] if model else ["--free"]
        front = [sys.executable, __file__, "--serve", upstream, *told]
        server = stack.enter_context(running(front, stdin=subprocess.PIPE))
        yield Server(server, _address(server), upstream=upstream)


def _address(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def serve(upstream: str, *, redis: str) -> None:
    """`headgate serve` as a shell would start it: prints its address, and a line of counts for every line on stdin."""
    import uvicorn

    class Told(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            telling(self, asyncio.get_running_loop())

    uvicorn.Server = Told  # type: ignore[misc]
    from headgate.gateway.cli import cli

    # A limit that nobody reaches: it is counted in Redis with each request.
    counted = ["--redis", redis, "--limit", "requests=10000000/h"] if redis else []
    cli(["serve", "--port", "0", "--upstream", upstream, *counted])


def telling(server: Any, loop: asyncio.AbstractEventLoop, *, also: Any = None) -> None:
    """Prints the address, and for every line on stdin a line of counts."""
    import threading

    def tell() -> None:
        print(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", flush=True)
        for _ in sys.stdin:
            if also is not None:
                also()
            counts = {"tasks": len(asyncio.all_tasks(loop)), "connections": len(server.server_state.connections)}
            print(json.dumps(counts), flush=True)

    threading.Thread(target=tell, daemon=True).start()


def serve_free(upstream: str) -> None:
    """The same application, judged by a classifier that costs nothing."""
    import uvicorn
    import uvloop

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
    guard = Guard(parse_policy(POLICY), fake, memo=Memo(size=256))
    settings = Settings(upstream=upstream, policy="soak", port=0, body_timeout=20, head_timeout=10, drain=0)

    class Told(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            # A fake keeps what it judged, for tests to read.
            telling(self, asyncio.get_running_loop(), also=fake.judged.clear)

    server = Told(uvicorn.Config(create_app(settings, guard=guard), **_options(settings)))
    uvloop.run(server.serve())


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


async def slowly(data: bytes) -> AsyncIterator[bytes]:
    """A body in three pieces, with pauses."""
    third = len(data) // 3 + 1
    for start in range(0, len(data), third):
        await asyncio.sleep(0.05)
        yield data[start : start + third]


async def exchange(session: aiohttp.ClientSession, url: str, dice: random.Random) -> str:
    """One exchange, and how it ended."""
    text = f"{dice.choice(TEXTS)} {dice.randrange(POOL)}"
    path, body = dice.choice(list(bodies(text, stream=dice.random() < 0.6).items()))
    if dice.random() < 0.03:
        path = dice.choice(("/v1/models/none", "/v1/audio/speech", "/livez"))
    data = json.dumps(body).encode()
    if dice.random() < 0.05:
        data = data[: dice.randint(0, len(data))]
    leaves, writes, reads = dice.random() < 0.15, dice.random() < 0.05, dice.random() < 0.05
    try:
        async with session.post(f"{url}{path}", data=slowly(data) if writes else data) as answer:
            if leaves:
                await answer.content.readany()
                answer.close()
                return "left"
            if reads:
                async for _ in answer.content.iter_chunked(256):
                    await asyncio.sleep(0.02)
            await answer.read()
            return str(answer.status)
    except aiohttp.ClientPayloadError:
        return "cut"
    except aiohttp.ClientError as error:
        return type(error).__name__


async def soak(
    server: Server,
    *,
    clients: int,
    seconds: float = float("inf"),
    exchanges: float = float("inf"),
    every: float = 5.0,
    pause: float = 0.0,
) -> Report:
    """Loads the server for so long, or with so many exchanges, and waits until it is idle again.

    Each client waits `pause` seconds between two exchanges.
    """
    outcomes: Counter[str] = Counter()
    samples = [await server.sample(0)]
    end = time.monotonic() + seconds

    async def client(seed: int) -> None:
        dice = random.Random(seed)
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < end and outcomes.total() < exchanges:
                outcomes[await exchange(session, server.url, dice)] += 1
                await asyncio.sleep(pause)

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
    """What is not as it was: memory that still grows in the second half, or things that stayed open."""
    first, last = samples[0], samples[-1]
    found = []
    grows = growth(samples)
    if grows is not None and grows > GROWTH:
        found.append(f"memory grows by {grows:.2f} MiB a minute in the second half, more than {GROWTH}")
    if last.tasks > first.tasks:
        found.append(f"tasks are left over: {first.tasks} before, {last.tasks} after")
    if last.connections:
        found.append(f"{last.connections} connections of clients are left over")
    # Connections to upstream are kept for the next request: each client can have needed one, and one for a retry.
    if last.fds > first.fds + 2 * clients:
        found.append(f"file descriptors are left over: {first.fds} before, {last.fds} after")
    return found


def growth(samples: list[Sample]) -> float | None:
    """MiB a minute in the second half of the load: the median slope of all pairs of samples; None for too few."""
    under = samples[1:-1]
    warm = under[len(under) // 2 :]
    if len(warm) < LONG_ENOUGH:
        return None
    return 60 * statistics.median((b.rss - a.rss) / (b.at - a.at) for a, b in combinations(warm, 2) if b.at > a.at)


def table(report: Report, *, rows: int = 20) -> str:
    """The samples, thinned to so many rows."""
    lines = [f"{'s':>7} {'exchanges':>10} {'MiB':>8} {'fds':>5} {'tasks':>6} {'clients':>8} {'upstream':>9}"]
    step = max(1, len(report.samples) // rows)
    shown = sorted({*range(0, len(report.samples), step), len(report.samples) - 1})
    for sample in (report.samples[place] for place in shown):
        counts = f"{sample.fds:5} {sample.tasks:6} {sample.connections:8} {sample.upstream:9}"
        lines.append(f"{sample.at:7.0f} {sample.done:10} {sample.rss:8.1f} {counts}")
    told = ", ".join(f"{name} {count}" for name, count in sorted(report.outcomes.items()))
    slope = growth(report.samples)
    grown = "too short to tell a slope" if slope is None else f"{slope:+.2f} MiB a minute in the second half"
    return "\n".join([*lines, told, grown, *(report.faults or ["nothing grew and nothing was left over"])])


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--faults", type=float, default=0.1)
    parser.add_argument("--pause", type=float, default=0.2, help="Seconds of a client between two exchanges.")
    parser.add_argument("--free", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--redis", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve_free(options.serve) if options.free else serve(options.serve, redis=options.redis)
        return
    with processes(faults=options.faults, model=not options.free, pace=0.002) as server:
        report = asyncio.run(soak(server, clients=options.clients, seconds=options.minutes * 60, pause=options.pause))
    print(msgspec.json.encode(report).decode() if options.json else table(report))
    sys.exit(1 if report.faults else 0)


if __name__ == "__main__":
    main()
