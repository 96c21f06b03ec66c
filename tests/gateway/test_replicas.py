"""Two server processes over one Redis: a policy that one of them reloads is soon in force in both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..redis_server import BINARY, redis_server
from ..upstream import Reply, Upstream
from .test_serve import free_port

OLD = "version: 1\nname: mine\nthresholds: {default: 0.5, sensitive: 0.5}\n"
NEW = f"{OLD}input: {{minor: refuse, moderate: refuse}}\n"
ASK = {"model": "m", "messages": [{"role": "user", "content": "Which birds dive?"}]}


class Replica:
    """One `headgate serve`, which looks at its files only when it is told to."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url

    def get(self, path: str, body: Any = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        found: bytes = urllib.request.urlopen(f"{self.url}{path}", data, timeout=120).read()
        return found

    def ready(self) -> bool:
        """Whether it serves and has found Redis."""
        try:
            return bool(json.loads(self.get("/readyz"))["store"]["up"])
        except OSError:
            return False

    def policy(self) -> str:
        """The hash of the policy in force."""
        found: str = json.loads(self.get("/readyz"))["policy"]["hash"]
        return found


@contextmanager
def replica(folder: Path, redis: str, upstream: str) -> Iterator[Replica]:
    port = free_port()
    config = folder / f"{port}.yaml"
    policy = folder / "mine.yaml"
    config.write_text(f"version: 1\nupstream: {upstream}\npolicy: {policy}\nredis: {redis}\nreload_seconds: 0\n")
    command = [sys.executable, "-m", "headgate.gateway.cli", "serve", "--config", str(config), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "HEADGATE_HASH_KEY": "k"})
    found = Replica(process, f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 120
        while not found.ready():
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield found
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(BINARY is None, reason="needs redis-server: sh scripts/ensure-redis.sh")
def test_a_reload_of_one_replica_reaches_the_other_and_ends_no_stream(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(OLD)
    upstream.script = Reply(texts=["One two three. Four five six. Seven."], fault="wait", after=4)
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        one, other = (stack.enter_context(replica(tmp_path, redis.url, upstream.url)) for _ in range(2))
        before = one.policy()
        assert other.policy() == before
        streams: list[bytes] = []
        readers = [
            threading.Thread(
                target=lambda each=each: streams.append(each.get("/v1/chat/completions", {**ASK, "stream": True}))
            )
            for each in (one, other)
        ]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + 60
        while len(upstream.bodies) < 2:
            assert time.monotonic() < deadline
        (tmp_path / "mine.yaml").write_text(NEW)
        one.process.send_signal(signal.SIGHUP)
        while (after := one.policy()) == before or other.policy() != after:
            assert time.monotonic() < deadline, "the replicas disagree"
        assert all(reader.is_alive() for reader in readers)
        upstream.release.set()
        for reader in readers:
            reader.join(timeout=60)
        assert [stream.rstrip().endswith(b"data: [DONE]") for stream in streams] == [True, True]
        assert b"policy_reload" in one.get("/metrics")
