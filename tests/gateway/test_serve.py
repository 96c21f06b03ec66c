from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import msgspec
import pytest

from headgate.gateway.config import Settings
from headgate.gateway.origin import Origin
from headgate.gateway.serve import JOB_VARIABLE, Job, serve, worker
from headgate.models.errors import ConfigError

from ..upstream import Upstream


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _metrics(url: str) -> str:
    page: bytes = urllib.request.urlopen(f"{url}/metrics").read()
    return page.decode()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_serves_until_it_is_told_to_stop(upstream: Upstream, workers: int) -> None:
    port = free_port()
    command = [sys.executable, "-m", "headgate.gateway.cli", "serve", "--port", str(port), "--upstream", upstream.url]
    process = subprocess.Popen([*command, "--policy", "off", "--workers", str(workers)], stderr=subprocess.PIPE)
    try:
        body = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = json.load(urllib.request.urlopen(f"{url}/v1/chat/completions", body))
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert answer["choices"][0]["message"]["content"] == "Fine."
        # The request is counted after its answer has left, and another worker may tell of it.
        while 'headgate_requests_total{result="off",shape="json"} 1.0' not in _metrics(url):
            assert time.monotonic() < deadline
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert b"with the policy off" in said
    assert b"Traceback" not in said


def test_a_worker_reads_the_settings_that_were_left_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(settings=Settings(upstream="http://x", policy="off"), origin=Origin(flags={"upstream": "http://x"}))
    monkeypatch.setitem(os.environ, JOB_VARIABLE, msgspec.json.encode(job).decode())
    assert worker().routes


def test_what_every_worker_would_fail_at_stops_the_start() -> None:
    settings = Settings(upstream="http://x", policy="no-such-policy", workers=2)
    with pytest.raises(ConfigError, match="no-such-policy"):
        serve(settings)
