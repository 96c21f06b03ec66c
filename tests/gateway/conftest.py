"""A really started gateway on a random port, in front of a scriptable upstream, judged by the fake classifier."""

from __future__ import annotations

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


class Server(msgspec.Struct, kw_only=True):
    """A gateway that runs: its address, upstream, classifier and audit file."""

    url: str
    upstream: Upstream
    classifier: FakeClassifier
    records: Path

    def client(self, **more: Any) -> openai.OpenAI:
        """The official SDK, pointed at the gateway."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key="sk-test", max_retries=0, timeout=10, **more)

    def record(self) -> dict[str, Any]:
        """The newest audit record, waited for: it is written after the answer has left."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if self.records.exists() and (lines := self.records.read_bytes().splitlines()):
                found: dict[str, Any] = msgspec.json.decode(lines[-1])
                return found
            time.sleep(0.005)
        raise AssertionError("no record was written")


Start = Callable[..., Server]


@contextmanager
def serving(settings: Settings, guard: Guard | None) -> Iterator[str]:
    """The gateway under uvicorn in a thread; gives its address."""
    config = uvicorn.Config(
        create_app(settings, guard=guard), host="127.0.0.1", port=0, log_level="error", loop="uvloop", http="httptools"
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
        server.should_exit = server.force_exit = True
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


@pytest.fixture
def start(upstream: Upstream, tmp_path: Path) -> Iterator[Start]:
    """Starts gateways: `start(policy=…, rules=…, **settings)`; `policy` is the text of one, or "off"."""
    with ExitStack() as stack:

        def start(policy: str = POLICY, *, rules: dict[str, Any] | None = None, **more: Any) -> Server:
            fake = more.pop("classifier", None) or FakeClassifier(RULES if rules is None else rules)
            timeout = more.pop("timeout", 10.0)
            off = policy == "off"
            guard = None
            if not off:
                guard = stack.enter_context(Guard(parse_policy(policy), fake, workers=2, timeout=timeout))
            records = tmp_path / f"records-{time.monotonic_ns()}.jsonl"
            settings = Settings(
                upstream=more.pop("url", upstream.url), policy="off" if off else "test", record=str(records), **more
            )
            url = stack.enter_context(serving(settings, guard))
            return Server(url=url, upstream=upstream, classifier=fake, records=records)

        yield start


@pytest.fixture
def server(start: Start) -> Server:
    return start()
