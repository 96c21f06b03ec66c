from __future__ import annotations

import asyncio
from typing import Any

from headgate.gateway.event_stream import EventStream
from headgate.gateway.wire.sse import KEEP_ALIVE


class Client:
    """The receiving side: keeps every message; reads nothing while `blocked` is cleared."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.blocked = asyncio.Event()
        self.blocked.set()
        self.three = asyncio.Event()

    async def send(self, message: Any) -> None:
        await self.blocked.wait()
        self.messages.append(message)
        if len(self.messages) > 3:
            self.three.set()

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.messages[1:]]


def make(client: Client, keep_alive: float = 60.0) -> EventStream:
    return EventStream(client.send, keep_alive=keep_alive, headers=lambda: [(b"x-one", b"1")])


async def test_frames_of_one_turn_leave_in_one_write() -> None:
    client = Client()
    stream = make(client)
    writer = asyncio.ensure_future(stream.run())
    await stream.write(b"a")
    await stream.write(b"b")
    stream.close()
    await writer
    assert client.messages[0]["status"] == 200
    assert (b"x-one", b"1") in client.messages[0]["headers"]
    assert client.bodies == [b"ab", b""]
    assert client.messages[-1]["more_body"] is False


async def test_nothing_leaves_where_nothing_was_written() -> None:
    client = Client()
    stream = make(client)
    stream.close()
    await stream.run()
    assert client.messages == []
    assert not stream.committed


async def test_silence_is_filled_with_comments_that_commit_the_response() -> None:
    client = Client()
    stream = make(client, keep_alive=0.01)
    writer = asyncio.ensure_future(stream.run())
    await asyncio.wait_for(client.three.wait(), 5)
    assert stream.started
    assert stream.committed
    stream.close()
    await writer
    assert set(client.bodies) == {KEEP_ALIVE, b""}


async def test_no_comment_stands_behind_what_came_as_the_silence_ended() -> None:
    client = Client()
    stream = make(client, keep_alive=0)
    writer = asyncio.ensure_future(stream.run())
    await asyncio.sleep(0)
    # In the next turn the clock of the writer runs out first, and the last frames come before it hears of that.
    await asyncio.sleep(0)
    await stream.write(b"last")
    stream.close()
    await writer
    assert client.bodies == [b"last", b""]


async def test_a_frame_that_waits_commits_the_response_too() -> None:
    stream = make(Client())
    await stream.write(b"a")
    assert stream.committed
    assert not stream.started


async def test_writers_wait_for_a_client_that_reads_slowly() -> None:
    client = Client()
    client.blocked.clear()
    stream = make(client)
    writer = asyncio.ensure_future(stream.run())
    slow = asyncio.ensure_future(stream.write(b"x" * 300_000))
    await asyncio.sleep(0.01)
    assert not slow.done()
    client.blocked.set()
    await asyncio.wait_for(slow, 5)
    stream.close()
    await writer
    assert len(b"".join(client.bodies)) == 300_000
