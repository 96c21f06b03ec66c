"""CPU time and latency that the gateway adds, beside a minimal Litestar proxy, in one interleaved run on loopback.

python benchmarks/gateway.py [--rounds 3] [--seconds 2] [--connections 16] [--stream] [--json]

Targets: `proxy` (Litestar + aiohttp, forwards only), `off` (headgate --policy off), `fake` (guarded by a classifier
that costs nothing: the bookkeeping alone, worker thread included), `model` (guarded by the embedded text model), `memo`
(the same, always asked the same). Every other prompt is new, so no memo helps. CPU is user + system time of the
target's process per answered request: compare it within one run only.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

TEXT = "The gateway sits between the application and the model, so every request crosses it twice. " * 8
HEAD = {"id": "chatcmpl-1", "created": 1760000000, "model": "stub", "system_fingerprint": "fp"}
TICK = os.sysconf("SC_CLK_TCK")


def stub(port: int) -> None:
    """An upstream that answers at once from ready bytes."""
    import httptools
    import uvloop

    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    whole = {**HEAD, "object": "chat.completion", "usage": usage}
    whole["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = json.dumps(whole).encode()
    plain = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    words = [{"content": f"{word} "} for word in TEXT.split()]
    deltas = [({"role": "assistant", "content": ""}, None), *((word, None) for word in words), ({}, "stop")]
    chunks = [
        {**HEAD, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    events = b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"
    streamed = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%s" % (
        len(events),
        events,
    )

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport, self.body = transport, b""
            self.parser = httptools.HttpRequestParser(self)

        def data_received(self, data: bytes) -> None:
            self.parser.feed_data(data)

        def on_body(self, body: bytes) -> None:
            self.body += body

        def on_message_complete(self) -> None:
            self.transport.write(streamed if b'"stream":true' in self.body.replace(b" ", b"") else plain)
            self.body = b""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", port)
        await server.serve_forever()

    uvloop.run(run())


def proxy(port: int, upstream: str) -> None:
    """The least that a Litestar proxy can do: decode the body, post it, hand on what comes."""
    import aiohttp
    import msgspec
    import uvicorn
    from litestar import Litestar, Request, Response, post
    from litestar.response import Stream

    class Body(msgspec.Struct):
        messages: list[Any]
        stream: bool = False

    sessions: list[aiohttp.ClientSession] = []

    @post("/v1/chat/completions", status_code=200)
    async def chat(request: Request[Any, Any, Any]) -> Response[Any]:
        body = await request.body()
        decoded = msgspec.json.decode(body, type=Body)
        if not sessions:
            sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        headers = {"content-type": "application/json", "authorization": request.headers.get("authorization", "")}
        answer = await sessions[0].post(f"{upstream}/chat/completions", data=body, headers=headers)
        if decoded.stream:
            return Stream(answer.content.iter_any(), media_type=answer.headers["content-type"])
        return Response(await answer.read(), media_type=answer.headers["content-type"])

    app = Litestar([chat], openapi_config=None, logging_config=None)
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


def guarded(port: int, upstream: str, *, fake: bool) -> None:
    """Headgate under its default policy."""
    import uvicorn

    from headgate.gateway.app import create_app
    from headgate.gateway.config import Settings
    from headgate.gateway.pauses import settle
    from headgate.gateway.protocol import bounded_http
    from headgate.guard.guard import Guard
    from headgate.models.assessment import Assessment
    from headgate.models.content import Part
    from headgate.models.fakes import FakeClassifier, scores

    class Free(FakeClassifier):
        ready = scores()

        def assess(self, parts: Sequence[Part]) -> list[Assessment]:
            return [self.ready] * len(parts)

    guard = Guard("default", Free() if fake else None)
    settings = Settings(upstream=upstream)
    app = create_app(settings, guard=guard)
    settle()
    uvicorn.run(app, port=port, loop="uvloop", http=bounded_http(settings), access_log=False, log_level="warning")


def load(port: int, *, seconds: float, connections: int, stream: bool, same: bool = False) -> list[float]:
    """Closed-loop load, with `same` of one prompt alone; the latencies in ms of all answers that came whole."""
    import uvloop

    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def caller(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = 0
        while time.perf_counter() < end:
            count += 1
            name = "0" if same else f"{number}-{count}-{os.getpid()}-{time.time_ns()}"
            prompt = f"Request {name}. Please summarise the text for a colleague. " * 6
            body = {"model": "m", "messages": [{"role": "user", "content": prompt}], "stream": stream}
            data = json.dumps(body).encode()
            began = time.perf_counter()
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n")
            writer.write(b"content-length: %d\r\n\r\n%s" % (len(data), data))
            await _answer(reader)
            latencies.append((time.perf_counter() - began) * 1000)
        writer.close()

    async def run() -> None:
        await asyncio.gather(*(caller(number) for number in range(connections)))

    uvloop.run(run())
    return latencies


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise SystemExit(head.decode())
    if b"content-length: " in head:
        await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        return
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        await reader.readexactly(size + 2)
    await reader.readuntil(b"\r\n")


def _cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _start(*arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    port = _free_port()
    process = subprocess.Popen([sys.executable, *arguments, "--port", str(port)])
    for _ in range(1200):
        if process.poll() is not None:
            raise SystemExit(f"{arguments} ended")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{arguments} did not start")


def main() -> None:
    """Run the comparison, or one of its processes."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--role", choices=["stub", "proxy", "fake", "model", "memo"], help=argparse.SUPPRESS)
    flags.add_argument("--port", type=int, help=argparse.SUPPRESS)
    flags.add_argument("--upstream", help=argparse.SUPPRESS)
    flags.add_argument("--targets", default="proxy,off,fake,memo,model")
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--seconds", type=float, default=2.0)
    flags.add_argument("--connections", type=int, default=16)
    flags.add_argument("--stream", action="store_true")
    flags.add_argument("--json", action="store_true")
    args = flags.parse_args()
    match args.role:
        case "stub":
            stub(args.port)
        case "proxy":
            proxy(args.port, args.upstream)
        case "fake" | "model" | "memo":
            guarded(args.port, args.upstream, fake=args.role == "fake")
        case _:
            compare(args)


def compare(args: argparse.Namespace) -> None:
    """Start every target, load each in turn, and print medians over rounds."""
    own = str(__file__)
    processes = []
    try:
        process, port = _start(own, "--role", "stub")
        processes.append(process)
        upstream = f"http://127.0.0.1:{port}/v1"
        ports = {}
        for name in args.targets.split(","):
            off = ("-m", "headgate.gateway.cli", "serve", "--policy", "off", "--upstream", upstream)
            process, port = _start(*(off if name == "off" else (own, "--role", name, "--upstream", upstream)))
            processes.append(process)
            ports[name] = (process.pid, port)
        report(measure(ports, args), args)
    finally:
        for process in processes:
            process.terminate()


def measure(ports: dict[str, tuple[int, int]], args: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """One sample of each target a round, interleaved."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ports}
    for _ in range(args.rounds):
        for name, (pid, port) in ports.items():
            before = _cpu(pid)
            taken = load(
                port, seconds=args.seconds, connections=args.connections, stream=args.stream, same=name == "memo"
            )
            times = sorted(taken)
            found[name].append(
                {
                    "requests_per_second": len(times) / args.seconds,
                    "cpu_us": (_cpu(pid) - before) / len(times) * 1e6,
                    "p50_ms": times[len(times) // 2],
                    "p99_ms": times[int(len(times) * 0.99)],
                }
            )
    return found


def report(found: dict[str, list[dict[str, float]]], args: argparse.Namespace) -> None:
    """Medians and the spread of CPU, as a table or JSON."""
    rows = {
        name: {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}
        | {"cpu_us_min": min(s["cpu_us"] for s in samples), "cpu_us_max": max(s["cpu_us"] for s in samples)}
        for name, samples in found.items()
    }
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    kind = "stream" if args.stream else "json"
    print(f"{kind}, {args.connections} connections, {args.rounds} rounds of {args.seconds:g} s, medians")
    print(f"{'target':8} {'req/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU us/req':>11} {'(min-max)':>14}")
    for name, row in rows.items():
        spread = f"({row['cpu_us_min']:.0f}-{row['cpu_us_max']:.0f})"
        print(
            f"{name:8} {row['requests_per_second']:8.0f} {row['p50_ms']:8.2f} {row['p99_ms']:8.2f} "
            f"{row['cpu_us']:11.0f} {spread:>14}"
        )


if __name__ == "__main__":
    main()
