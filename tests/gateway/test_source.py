from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from headgate.gateway.config import Settings
from headgate.gateway.source import UpstreamSource
from headgate.gateway.translate.tongues import Translation
from headgate.gateway.upstream import Upstream as Client
from headgate.gateway.way import Leg, Way
from headgate.gateway.wire.openai_chat_dialect import CHAT
from headgate.gateway.wire.openai_chat_request import parse_chat
from headgate.guard.effects import Channel, Delta, End, Event, Generate
from headgate.models.errors import UpstreamError

from ..upstream import Reply, Upstream
from .wire.anthropic_events import call, stream, text

EVENTS = {"Content-Type": "text/event-stream"}


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[Client]:
    found = Client(Settings(upstream=upstream.url))
    yield found
    await found.close()


def source_of(client: Client, **more: Any) -> UpstreamSource:
    chat = parse_chat(msgspec.json.encode({"messages": [{"role": "user", "content": "Hello"}], **more}))
    return UpstreamSource(Way((Leg(client=client, api="chat"),)), CHAT, chat, {"content-type": "application/json"})


async def drain(source: UpstreamSource, round_: int = 1) -> list[Event]:
    await source.generate(Generate(round=round_))
    events = [await source.read()]
    while not isinstance(events[-1], End):
        events.append(await source.read())
    return events


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("split", [0, 1, 5])
async def test_a_stream_is_read_the_same_however_its_bytes_arrive(
    client: Client, upstream: Upstream, newline: str, split: int
) -> None:
    upstream.script = Reply(texts=["Grüße, 漢字."], newline=newline, split=split, chunk=3)
    *deltas, end = await drain(source_of(client, stream=True))
    assert "".join(delta.text for delta in deltas if isinstance(delta, Delta)) == "Grüße, 漢字."
    assert end == End(tokens=5, prompt_tokens=10)


async def test_a_whole_answer_is_one_delta_and_the_end(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello."])
    assert await drain(source_of(client)) == [Delta(Channel(), "Hello."), End(tokens=5, prompt_tokens=10)]


async def test_usage_is_summed_over_rounds_and_waiting_is_timed(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello."], delay=0.02)
    source = source_of(client)
    await drain(source, 1)
    await drain(source, 2)
    assert source.usage is not None
    assert source.usage["total_tokens"] == 30
    assert source.seconds >= 0.04
    assert len(source.answers) == 2


async def test_what_is_held_back_is_measured(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["0123456789"], chunk=4)
    source = source_of(client, stream=True)
    await source.generate(Generate(round=1))
    await source.read()
    source.released = 4
    await source.read()
    await source.read()
    assert (source.received, source.most_held) == (10, 6)


async def test_events_before_a_fault_are_read_first(client: Client, upstream: Upstream) -> None:
    raw = b'data: {"choices": [{"index": 0, "delta": {"content": "Hello"}}]}\n\ndata: {broken\n\n'
    upstream.script = Reply(raw=raw, headers={"Content-Type": "text/event-stream"})
    source = source_of(client, stream=True)
    await source.generate(Generate(round=1))
    assert await source.read() == Delta(Channel(), "Hello")
    for _ in range(2):
        with pytest.raises(UpstreamError):
            await source.read()


async def test_cancelling_closes_the_connection_and_may_be_repeated(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello there."], fault="stall")
    source = source_of(client, stream=True)
    await source.cancel()
    await source.generate(Generate(round=1, ahead=True))
    assert await asyncio.to_thread(upstream.started.wait, 10)
    await source.cancel()
    await source.cancel()
    assert await asyncio.to_thread(upstream.left.wait, 10)
    with pytest.raises(UpstreamError):
        await source.read()


async def test_asking_waits_for_nothing_and_what_goes_wrong_is_told_by_the_first_read(
    client: Client, upstream: Upstream
) -> None:
    upstream.script = Reply(status=429)
    source = source_of(client)
    await source.generate(Generate(round=1))
    with pytest.raises(UpstreamError) as caught:
        await source.read()
    assert caught.value.status == 429


async def test_a_call_that_is_cancelled_before_it_is_answered_closes_its_connection(
    client: Client, upstream: Upstream
) -> None:
    upstream.script = Reply(fault="hang")
    source = source_of(client)
    await source.generate(Generate(round=1, ahead=True))
    assert await asyncio.to_thread(upstream.started.wait, 10)
    await source.cancel()
    assert await asyncio.to_thread(upstream.left.wait, 10)
    assert source.seconds == 0.0


async def test_a_call_that_fails_and_is_never_read_is_nobodys_fault(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(status=500)
    source = source_of(client)
    await source.generate(Generate(round=1, ahead=True))
    assert await asyncio.to_thread(upstream.started.wait, 10)
    await source.cancel()
    upstream.script = Reply(texts=["Hello."])
    assert await drain(source) == [Delta(Channel(), "Hello."), End(tokens=5, prompt_tokens=10)]


async def test_usage_of_a_stream_that_was_given_up_is_estimated_and_marked(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello there, how are you?"], fault="stall", after=4)
    source = source_of(client, stream=True)
    await source.generate(Generate(round=1))
    await source.read()
    await source.cancel()
    assert source.usage is not None
    assert source.usage["estimated"] is True
    assert source.usage["prompt_tokens"] == -(-source.answers[0].asked // 4)
    assert source.usage["completion_tokens"] == -(-source.answers[0].said // 4)
    upstream.script = Reply(texts=["Hello."])
    await drain(source, 2)
    assert source.usage["completion_tokens"] == 5 + -(-source.answers[0].said // 4)
    assert source.usage["estimated"] is True


async def test_a_round_that_a_helper_answered_stands_on_the_answer_before(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello."])
    source = source_of(client)
    await drain(source, 1)
    await drain(source, 1)
    await drain(source, 3)
    assert source.of(1) is source.of(2) is source.answers[1]
    assert source.of(3) is source.answers[2]


def translated(client: Client, **more: Any) -> UpstreamSource:
    """A chat client's source whose upstream speaks Anthropic's messages."""
    chat = parse_chat(msgspec.json.encode({"messages": [{"role": "user", "content": "Hello"}], **more}))
    leg = Leg(client=client, api="messages", translation=Translation(client="chat", upstream="messages"), asked="m")
    return UpstreamSource(Way((leg,)), CHAT, chat, {"content-type": "application/json"}, prefill="message")


async def test_a_translated_stream_is_read_as_if_upstream_spoke_the_clients_protocol(
    client: Client, upstream: Upstream
) -> None:
    upstream.script = Reply(raw=stream(text(0, "Grüße, ", "漢字."), call(1, '{"q":1}')), headers=EVENTS)
    *deltas, end = await drain(translated(client, stream=True))
    found = [(delta.channel.kind, delta.text) for delta in deltas if isinstance(delta, Delta)]
    assert found == [("content", "Grüße, "), ("content", "漢字."), ("tool_call", '{"q":1}')]
    assert end == End(tokens=5, prompt_tokens=10)
    assert upstream.paths == ["/v1/messages"]


async def test_a_translated_stream_that_breaks_off_is_upstreams_fault(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(raw=stream(text(0, "Hello.")).partition(b"event: message_delta")[0], headers=EVENTS)
    source = translated(client, stream=True)
    with pytest.raises(UpstreamError, match="broke off"):
        await drain(source)


async def test_rounds_are_guided_and_continued_in_upstreams_protocol(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(raw=stream(text(0, "Fine.")), headers=EVENTS)
    source = translated(client, stream=True)
    await source.generate(Generate(round=1, guidance="Be kind.", prefix="Water is", n=4))
    while not isinstance(await source.read(), End):
        pass
    (body,) = upstream.bodies
    assert [block["text"] for block in body["system"]] == ["Be kind."]
    assert body["messages"][-1] == {"role": "assistant", "content": [{"type": "text", "text": "Water is"}]}


async def test_an_answer_that_is_read_at_once_is_asked_for_once(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello."])
    source = source_of(client)
    await source.generate(Generate(round=1, ahead=True))
    assert await source.read() == Delta(Channel(), "Hello.")
    assert isinstance(await source.read(), End)
    assert len(upstream.bodies) == 1


async def test_upstream_is_asked_at_once_only_where_that_is_wanted_ahead(client: Client, upstream: Upstream) -> None:
    upstream.script = Reply(texts=["Hello."])
    source = source_of(client)
    await source.generate(Generate(round=1))
    await source.cancel()
    await source.generate(Generate(round=2, ahead=True))
    assert await asyncio.to_thread(upstream.started.wait, 10)
    assert await source.read() == Delta(Channel(), "Hello.")
    assert len(upstream.bodies) == 1
