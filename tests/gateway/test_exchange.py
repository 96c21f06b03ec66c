from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec
import pytest

from headgate.gateway.asgi import ClientGone
from headgate.gateway.exchange import unless_gone

from ..upstream import Reply
from .conftest import Server

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
