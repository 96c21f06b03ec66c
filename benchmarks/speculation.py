"""What judging a prompt adds when the upstream call starts beside it.

    python benchmarks/speculation.py [--delay-ms 50] [--requests 60]

An upstream that answers after a fixed delay stands behind three gateways in this process's machine: guard off, guarded,
and guarded with `speculate: true`. Requests of about 115 tokens, each one new (no memo hit), go to the three in turn,
one at a time. Printed: milliseconds of the whole request, median and 5th to 95th percentile, and what `off` lacks.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import numpy as np
from aiohttp import web

WORDS = ("garden", "table", "river", "winter", "coffee", "train", "music", "letter", "window", "bread", "market")
ANSWER = {
    "id": "a", "object": "chat.completion", "created": 0, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Gladly."}}],
}  # fmt: skip
POLICIES = {"off": None, "guarded": "false", "speculating": "true"}


async def upstream(delay: float) -> web.TCPSite:
    """Serves one chat answer after `delay` seconds on a free port."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(delay)
        return web.json_response(ANSWER)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return site


def start(name: str, behind: int, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """A gateway of its own process under the policy of that name."""
    policy = "off"
    if POLICIES[name] is not None:
        path = folder / f"{name}.yaml"
        path.write_text(f"version: 1\nname: {name}\nextends: default\nspeculate: {POLICIES[name]}\n", encoding="utf-8")
        policy = str(path)
    command = [sys.executable, "-m", "headgate.gateway.cli", "serve", "--port", str(port), "--policy", policy]
    return subprocess.Popen([*command, "--upstream", f"http://127.0.0.1:{behind}/v1"], stderr=subprocess.DEVNULL)


async def ready(session: aiohttp.ClientSession, port: int) -> None:
    """Waits until the gateway says that it is ready."""
    for _ in range(600):
        try:
            async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit(f"the gateway on port {port} did not get ready")


async def measure(options: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds of each request by gateway."""
    site = await upstream(options.delay_ms / 1000)
    behind = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    ports = {name: options.port + number for number, name in enumerate(POLICIES)}
    spent: dict[str, list[float]] = {name: [] for name in POLICIES}
    dice = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        running = [start(name, behind, Path(folder), ports[name]) for name in POLICIES]
        try:
            async with aiohttp.ClientSession() as session:
                for port in ports.values():
                    await ready(session, port)
                for number in range(options.requests + 5):
                    for name, port in ports.items():
                        text = "Please write about " + " ".join(dice.choices(WORDS, k=108)) + "."
                        body = {"model": "m", "messages": [{"role": "user", "content": text}]}
                        began = time.perf_counter()
                        async with session.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body) as response:
                            await response.read()
                            assert response.status == 200, response.status
                        if number >= 5:
                            spent[name].append((time.perf_counter() - began) * 1000)
        finally:
            for one in running:
                one.terminate()
            for one in running:
                one.wait()
    return spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay-ms", type=float, default=50.0)
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--port", type=int, default=18380)
    options = parser.parse_args()
    spent = asyncio.run(measure(options))
    base = float(np.median(spent["off"]))
    print(f"upstream answers after {options.delay_ms:g} ms; {options.requests} requests each, one at a time")
    for name, values in spent.items():
        low, median, high = np.quantile(values, (0.05, 0.5, 0.95))
        print(f"{name:12s} {median:7.2f} ms ({low:.2f}-{high:.2f}), added {median - base:+.2f}")


if __name__ == "__main__":
    main()
