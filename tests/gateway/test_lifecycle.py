from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.lifecycle import all_closed, signals, stopped
from headgate.gateway.state import Gateway

from ..upstream import Reply, Upstream


@pytest.fixture
def handled() -> Iterator[list[int]]:
    """What a server's own SIGTERM handler is called with."""
    called: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: called.append(number))
    yield called
    signal.signal(signal.SIGTERM, before)


async def until(met: Callable[[], object]) -> None:
    while not met():  # noqa: ASYNC110 - a signal handler sets it
        await asyncio.sleep(0)


class Closing:
    """Whatever is closed at the end; `at` is called first."""

    def __init__(self, at: Callable[[], object]) -> None:
        self.closed = False
        self._at = at

    def close(self) -> None:
        self._at()
        self.closed = True


def fail() -> None:
    raise OSError("a collector that is not there")


async def test_what_one_of_them_waits_for_or_raises_keeps_none_of_the_others_from_being_closed() -> None:
    other = threading.Event()
    waits, sets = Closing(lambda: other.wait(10)), Closing(other.set)
    with pytest.raises(OSError, match="not there"):
        await all_closed((None, Closing(fail), waits, sets))
    assert (waits.closed, sets.closed) == (True, True)


async def test_what_runs_in_the_background_has_ended_once_it_is_stopped() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    running = asyncio.gather(work())
    await asyncio.sleep(0)
    await stopped(running)
    assert ended.is_set()


async def test_the_first_sigterm_drains_and_then_the_server_gets_it(handled: list[int]) -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off", drain=0.01), None)
    with signals(gateway, reload=lambda: None):
        signal.raise_signal(signal.SIGTERM)
        assert gateway.draining
        assert handled == []
        await until(lambda: handled)


async def test_a_second_sigterm_does_not_wait(handled: list[int]) -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off", drain=3600), None)
    with signals(gateway, reload=lambda: None):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert handled == [signal.SIGTERM]


async def test_without_a_time_to_drain_the_server_gets_it_at_once(handled: list[int]) -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off", drain=0), None)
    with signals(gateway, reload=lambda: None):
        signal.raise_signal(signal.SIGTERM)
        assert handled == [signal.SIGTERM]
        assert gateway.draining


async def test_sighup_reloads_and_handlers_are_put_back() -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off"), None)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]
    reloads: list[int] = []
    with signals(gateway, reload=lambda: reloads.append(1)):
        signal.raise_signal(signal.SIGHUP)
        await until(lambda: reloads)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == before


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def process(config: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "headgate.gateway.cli", "serve", "--config", str(config), *flags]
    started = subprocess.Popen(command, start_new_session=True)
    try:
        yield started
    finally:
        # With its workers, which would outlive it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def ready(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{url}/readyz") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, {}


def wait(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_stream_under_way_ends_whole_after_sigterm(upstream: Upstream, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = tmp_path / "headgate.yaml"
    config.write_text(f"version: 1\nupstream: {upstream.url}\npolicy: off\nport: {port}\ndrain: 0.5\n")
    upstream.script = Reply(texts=["One two three four."], fault="wait", after=3)
    lines: list[str] = []

    def stream() -> None:
        body = b'{"model": "m", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
        with urllib.request.urlopen(f"{url}/v1/chat/completions", body) as answer:
            lines.extend(line.decode().strip() for line in answer)

    with process(config) as served:
        wait(lambda: ready(url)[0] == 200)
        client = threading.Thread(target=stream)
        client.start()
        wait(upstream.started.is_set)
        served.send_signal(signal.SIGTERM)
        wait(lambda: ready(url)[0] == 503)
        assert ready(url)[1]["draining"] is True
        upstream.release.set()
        client.join(timeout=30)
        served.wait(timeout=30)
        assert "data: [DONE]" in lines


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_reloads_every_worker_and_restarts_none(upstream: Upstream, tmp_path: Path, workers: int) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = tmp_path / "headgate.yaml"
    text = f"version: 1\nupstream: {upstream.url}\npolicy: off\nport: {port}\nworkers: {workers}\nreload_seconds: 0\n"
    config.write_text(text)

    def reloads() -> float:
        page: str = urllib.request.urlopen(f"{url}/metrics").read().decode()
        return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith("headgate_policy_reloads"))

    with process(config, "--keep-alive", "4") as served:
        wait(lambda: ready(url)[0] == 200)
        config.write_text(f"{text}keep_alive: 3\nmax_body: 4096\n")
        served.send_signal(signal.SIGHUP)
        wait(lambda: reloads() >= workers)
        found = ready(url)[1]["reload"]
        assert found["ok"] is True
        assert found["pending"] == []
        assert served.poll() is None
