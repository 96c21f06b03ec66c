from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec
import pytest

from headgate.gateway.asgi import PRESENCE, ClientGone, Presence
from headgate.gateway.exchange import is_shed, unless_gone
from headgate.guard.effects import Finish
from headgate.models.assessment import Severity
from headgate.models.errors import Overloaded
from headgate.models.fakes import FakeClassifier
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict

from ..upstream import Reply
from .conftest import Server, Start

LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "


def connect(server: Server, body: dict[str, Any]) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    data = msgspec.json.encode(body)
    found = socket.create_connection((host, int(port)), timeout=10)
    found.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(data) + data)
    return found


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_before_the_answer_cancels_upstream_and_is_recorded(server: Server, stream: bool) -> None:
    server.upstream.script = Reply(fault="hang")
    client = connect(server, {"messages": [{"role": "user", "content": "Hello"}], "stream": stream})
    assert server.upstream.started.wait(10)
    client.close()
    assert server.upstream.left.wait(10)
    assert server.record()["delivery"] == "client_gone"


def test_a_client_that_goes_in_the_middle_of_a_stream_cancels_upstream_and_is_recorded(server: Server) -> None:
    server.upstream.script = Reply(texts=[LONG * 3], fault="stall", after=len(LONG) // 7)
    client = connect(server, {"messages": [{"role": "user", "content": "Hello"}], "stream": True})
    seen = b""
    while b"first sentence" not in seen:
        seen += client.recv(65536)
    client.close()
    assert server.upstream.left.wait(10)
    record = server.record()
    assert record["delivery"] == "client_gone"
    assert record["exposed"] > 0


def test_a_full_queue_is_an_error_that_passes_and_no_verdict(start: Start) -> None:
    classifier = FakeClassifier({"FULL": Overloaded("no room")})
    server = start(classifier=classifier)
    for stream in (False, True):
        reply = server.post({"messages": [{"role": "user", "content": "FULL"}], "stream": stream})
        assert reply.status == 503
        assert reply.headers["retry-after"] == "1"
        assert "overloaded" in "".join(reply.lines)
    assert [server.record(number)["delivery"] for number in (1, 2)] == ["withheld", "withheld"]


def test_only_a_full_queue_alone_is_no_verdict() -> None:
    def finish(*missed: Missed, findings: tuple[Finding, ...] = ()) -> Finish:
        verdict = Verdict(action=Action.REFUSE, findings=findings, coverage=Coverage(unjudged=missed))
        return Finish(verdict=verdict, delivery="refused")

    full = Missed(part="messages[0].content", reason="overloaded", action=Action.REFUSE)
    flagged = Missed(part="messages[1].content", reason="no_classifier", action=Action.FLAG)
    broken = Missed(part="messages[1].content", reason="inference_failed", action=Action.REFUSE)
    found = Finding(
        category="violence",
        severity=Severity.SEVERE,
        confidence=0.9,
        threshold=0.5,
        part="messages[1].content",
        rule="input.severe",
        action=Action.REFUSE,
    )
    assert is_shed(finish(full))
    assert is_shed(finish(full, flagged))
    assert not is_shed(finish(full, broken))
    assert not is_shed(finish(full, findings=(found,)))
    assert not is_shed(finish())


async def test_a_cancellation_from_elsewhere_goes_on() -> None:
    async def stays() -> Any:
        await asyncio.Event().wait()

    task = asyncio.ensure_future(unless_gone(asyncio.Event().wait(), stays))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_whose_client_stays_gives_its_result() -> None:
    async def stays() -> Any:
        await asyncio.Event().wait()

    assert await unless_gone(asyncio.sleep(0, "done"), stays) == "done"


async def test_work_whose_client_goes_is_cancelled_to_its_end() -> None:
    cleaned = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    async def leaves() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGone):
        await unless_gone(work(), leaves)
    assert cleaned.is_set()


async def test_an_error_of_the_work_comes_out() -> None:
    async def work() -> None:
        raise ValueError("x")

    async def stays() -> Any:
        await asyncio.Event().wait()

    with pytest.raises(ValueError, match="x"):
        await unless_gone(work(), stays)


def scope_of(presence: Presence) -> dict[str, Any]:
    return {"type": "http", "extensions": {PRESENCE: presence}}


async def never() -> Any:
    raise AssertionError("a server that tells who is there is not asked")


async def test_a_server_that_tells_when_the_client_goes_is_believed() -> None:
    presence, cleaned = Presence(), asyncio.Event()

    async def work() -> None:
        try:
            asyncio.get_running_loop().call_soon(presence.leave)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    with pytest.raises(ClientGone):
        await unless_gone(work(), never, scope_of(presence))
    assert cleaned.is_set()


async def test_work_is_not_begun_for_a_client_that_has_gone() -> None:
    presence = Presence()
    presence.leave()
    with pytest.raises(ClientGone):
        await unless_gone(asyncio.sleep(0), never, scope_of(presence))


async def test_a_client_that_goes_after_the_work_is_done_cancels_nothing() -> None:
    presence = Presence()
    assert await unless_gone(asyncio.sleep(0, "done"), never, scope_of(presence)) == "done"
    presence.leave()
    await asyncio.sleep(0)
