"""A really started gateway on a random port, in front of a scriptable upstream, judged by the fake classifier."""

from __future__ import annotations

import functools
import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
import uvicorn

from headgate.gateway.app import create_app
from headgate.gateway.config import Settings
from headgate.gateway.protocol import bounded_http
from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier, scores
from headgate.policies.compile import parse_policy

from ..upstream import Upstream, running

RULES = {
    "BAD": scores(unsafe=0.95, severity=2, categories={"violence": 0.95}),
    "WORST": scores(unsafe=0.99, severity=3, categories={"violence": 0.99}),
    "SAD": scores(unsafe=0.1, sensitive=0.99),
    "NAN": float("nan"),
    "RAISE": RuntimeError("a secret text"),
}
POLICY = """
version: 1
name: test
extends: default
thresholds: {default: 0.5, sensitive: 0.5}
"""


@functools.cache
def _http() -> Any:
    # One for all: each new one loads the system's certificates anew.
    return openai.DefaultHttpxClient()


class Raw(msgspec.Struct, kw_only=True):
    """An answer as it came over the wire; empty lines are left out."""

    status: int
    headers: dict[str, str]
    lines: list[str]


class Server(msgspec.Struct, kw_only=True):
    """A gateway that runs: its address, upstream, classifier and audit file."""

    url: str
    upstream: Upstream
    classifier: FakeClassifier
    records: Path

    def client(self, **more: Any) -> openai.OpenAI:
        """The official SDK, pointed at the gateway."""
        return openai.OpenAI(
            base_url=f"{self.url}/v1", api_key="sk-test", max_retries=0, timeout=10, http_client=_http(), **more
        )

    def post(self, body: Any, path: str = "/v1/chat/completions", **headers: str) -> Raw:
        """Post a body as it is (bytes, or chunks of them) or as JSON, and read the answer as text."""
        data = body if isinstance(body, bytes) or hasattr(body, "__next__") else msgspec.json.encode(body)
        return self.send("POST", path, data, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Raw:
        """Any request, read to its end."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, {"content-type": "application/json", **named}, encode_chunked=False)
            answer = connection.getresponse()
            lines = [line for line in answer.read().decode().split("\n") if line]
            return Raw(status=answer.status, headers={k.lower(): v for k, v in answer.getheaders()}, lines=lines)
        finally:
            connection.close()

    def settle(self) -> None:
        """Waits until no request is under way: a record is written after its answer has left."""
        deadline = time.monotonic() + 10
        while "headgate_active_requests 0.0" not in self.send("GET", "/metrics").lines:
            assert time.monotonic() < deadline, "a request does not end"
            time.sleep(0.002)

    def record(self, number: int = 1) -> dict[str, Any]:
        """The audit record of that number, waited for: it is written after the answer has left."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if self.records.exists() and len(lines := self.records.read_bytes().splitlines()) >= number:
                found: dict[str, Any] = msgspec.json.decode(lines[number - 1])
                return found
            time.sleep(0.002)
        raise AssertionError(f"{number} records were not written")


Start = Callable[..., Server]


@contextmanager
def serving(settings: Settings, guard: Guard | None) -> Iterator[str]:
    """The gateway under uvicorn in a thread; gives its address."""
    config = uvicorn.Config(
        create_app(settings, guard=guard),
        host="127.0.0.1",
        port=0,
        log_level="error",
        loop="uvloop",
        http=bounded_http(settings),
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the gateway did not start"
        time.sleep(0.002)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def shared_upstream() -> Iterator[Upstream]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Iterator[Upstream]:
    shared_upstream.reset()
    yield shared_upstream
    shared_upstream.release.set()


@contextmanager
def started(upstream: Upstream, folder: Path, policy: str = POLICY, **more: Any) -> Iterator[Server]:
    """A gateway in front of this upstream; `policy` is the text of one, or "off"."""
    fake = more.pop("classifier", None) or FakeClassifier(RULES)
    records = folder / f"records-{time.monotonic_ns()}.jsonl"
    with ExitStack() as stack:
        guard = None
        if policy != "off":
            timeout = more.pop("timeout", 10.0)
            guard = stack.enter_context(Guard(parse_policy(policy), fake, workers=2, timeout=timeout))
        settings = Settings(
            upstream=more.pop("url", upstream.url),
            policy="off" if guard is None else "test",
            record=str(records),
            **more,
        )
        url = stack.enter_context(serving(settings, guard))
        yield Server(url=url, upstream=upstream, classifier=fake, records=records)


@pytest.fixture
def start(upstream: Upstream, tmp_path: Path) -> Iterator[Start]:
    """Starts gateways: `start(policy, classifier=…, timeout=…, **settings)`."""
    with ExitStack() as stack:
        yield lambda *args, **more: stack.enter_context(started(upstream, tmp_path, *args, **more))


@pytest.fixture(scope="module")
def shared_server(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(shared_upstream, tmp_path_factory.mktemp("gateway")) as server:
        yield server


@pytest.fixture
def server(upstream: Upstream, shared_server: Server) -> Server:
    """The gateway with the plain test policy, shared by a module; its records start anew."""
    shared_server.settle()
    os.truncate(shared_server.records, 0)
    return shared_server


@pytest.fixture
def hanging() -> Iterator[FakeClassifier]:
    """A classifier that does not answer before the test is over."""
    over = threading.Event()

    def wait(_: object) -> None:
        over.wait(30)

    yield FakeClassifier(before=wait)
    over.set()
