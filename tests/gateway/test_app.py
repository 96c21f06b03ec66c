from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn
from opentelemetry.sdk.trace import TracerProvider

from headgate.gateway import app
from headgate.gateway.app import create_app
from headgate.gateway.config import Settings
from headgate.gateway.origin import Origin
from headgate.gateway.tracing import Tracing
from headgate.guard.guard import Guard
from headgate.models.errors import HeadgateError
from headgate.models.fakes import FakeClassifier

from ..upstream import Reply, Upstream
from .conftest import RULES, Raw, Server


def test_a_policy_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(HeadgateError):
        create_app(Settings(upstream="http://x", policy="no-such-policy"))


def test_the_gateway_needs_no_training_framework() -> None:
    code = (
        "import sys, headgate.gateway.app, headgate.gateway.serve;"
        "print([m for m in ('torch', 'transformers', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OLD = "version: 1\nname: mine\nthresholds: {default: 0.5, sensitive: 0.5}\n"
NEW = f"{OLD}input: {{minor: refuse, moderate: refuse}}\n"


@contextmanager
def following(upstream: Upstream, policy: Path) -> Iterator[Server]:
    """A gateway that reloads its policy, judged by the fake classifier."""
    settings = Settings(upstream=upstream.url, policy=str(policy), reload_seconds=0.02)
    fake = FakeClassifier(RULES)
    with ExitStack() as stack:
        guard = stack.enter_context(Guard(policy, fake))
        origin = Origin(flags={"upstream": upstream.url, "policy": str(policy), "reload_seconds": 0.02})
        made = create_app(settings, guard=guard, origin=origin)
        server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=0, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        yield Server(url=url, upstream=upstream, classifier=fake, records=policy)
        server.should_exit = True
        thread.join(timeout=10)


def test_a_stream_keeps_the_guard_it_began_with_and_goes_on_over_a_reload(upstream: Upstream, tmp_path: Path) -> None:
    policy = tmp_path / "mine.yaml"
    policy.write_text(OLD)
    ask = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    upstream.script = Reply(texts=["One two three. Four five six. Seven."], fault="wait", after=4)
    with following(upstream, policy) as server:
        got: list[Raw] = []
        client = threading.Thread(target=lambda: got.append(server.post(ask)))
        client.start()
        assert upstream.started.wait(30)
        policy.write_text(NEW)
        while "reload" not in (told := json.loads(server.send("GET", "/readyz").lines[0])):
            pass
        assert told["reload"]["ok"] is True
        upstream.release.set()
        client.join(timeout=30)
        (stream,) = got
        assert "data: [DONE]" in stream.lines
        text = "".join(
            json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
            for line in stream.lines
            if line.startswith("data: {")
        )
        assert text == "One two three. Four five six. Seven."
        after = server.post({**ask, "stream": False})
        assert after.headers["x-headgate-policy"] == f"mine@{told['policy']['hash']}"
        assert stream.headers["x-headgate-policy"] != after.headers["x-headgate-policy"]


def held() -> set[str]:
    """The files that this process has open."""
    return {str(link.resolve()) for link in Path("/proc/self/fd").iterdir()}


async def test_files_are_closed_before_collectors_are_waited_for_and_whatever_these_raise(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {str(tmp_path / "traffic"), str(tmp_path / "records")}
    settings = Settings(upstream=upstream.url, traffic=str(tmp_path / "traffic"), record=str(tmp_path / "records"))
    left: list[set[str]] = []

    class Sender(Tracing):
        def close(self) -> None:
            left.append(held() & files)
            raise OSError("no collector")

    monkeypatch.setattr(app, "tracing_of", lambda _: Sender(TracerProvider()))
    with Guard("default", FakeClassifier(RULES)) as guard:
        made = create_app(settings, guard=guard)
        with pytest.raises(ExceptionGroup):
            async with made.lifespan():
                assert held() & files
    assert left == [set()]
    assert not held() & files
