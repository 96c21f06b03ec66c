from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from headgate.gateway.breaker import Breaker
from headgate.gateway.config import Settings
from headgate.gateway.translate.tongues import Translation
from headgate.gateway.upstream import Upstream as Client
from headgate.gateway.upstream_settings import Timeouts, UpstreamSettings
from headgate.gateway.way import Leg, Way
from headgate.guard.store.memory import MemoryStore
from headgate.models.errors import InputError, UpstreamError, UpstreamUnavailable

from ..upstream import Reply, Upstream

BODY = json.dumps({"model": "m", "n": 2, "messages": [{"role": "user", "content": "Hi"}]}).encode()


class Legs:
    """Makes legs, and closes their clients."""

    def __init__(self, stack: AsyncExitStack, url: str) -> None:
        self._stack = stack
        self._url = url

    def __call__(self, kind: Any = "vllm", *, breaker: int | None = None, leg: Any = None, **more: Any) -> Leg:
        spec = UpstreamSettings(**{"url": self._url, "kind": kind, "backoff": 0.001, **more})
        client = Client(Settings(upstream="http://x"), spec, name="up")
        self._stack.push_async_callback(client.close)
        store = MemoryStore()
        kept = None if breaker is None else Breaker("up", breaker, lambda: store)
        return Leg(client=client, api="chat", breaker=kept, asked="m", **(leg or {}))


@pytest.fixture
async def legs(upstream: Upstream) -> AsyncIterator[Legs]:
    async with AsyncExitStack() as stack:
        yield Legs(stack, upstream.url)


async def status(*legs: Leg, **more: Any) -> int:
    reached = await Way(legs).ask(lambda leg: leg.said(BODY), {}, **more)
    await reached.leg.client.read(reached.response)
    return reached.response.status


async def test_a_body_is_sent_as_it_is_unless_there_is_something_to_change(legs: Legs) -> None:
    assert legs().said(BODY) is BODY
    renamed = legs(leg={"model": "other"}).said(BODY)
    assert json.loads(renamed) == {**json.loads(BODY), "model": "other"}
    translated = legs("anthropic", leg={"translation": Translation(client="chat", upstream="messages")})
    assert json.loads(translated.said(BODY))["messages"][0]["content"] == [{"type": "text", "text": "Hi"}]
    with pytest.raises(InputError, match="'n'"):
        translated.check(json.loads(BODY))


async def test_the_start_of_an_answer_is_marked_as_its_kind_wants_it(legs: Legs) -> None:
    leg = legs("vllm", leg={"translation": Translation(client="messages", upstream="chat")})
    assert "continue_final_message" not in json.loads(leg.said(BODY))
    assert json.loads(leg.said(BODY, continues=True))["continue_final_message"] is True
    assert [legs(kind).prefill("message") for kind in ("native", "openai", "vllm")] == ["message", None, "vllm"]
    assert legs("vllm").prefill(None) is None
    assert [Way((legs("vllm"), legs(kind))).continues for kind in ("ollama", "azure")] == [True, False]


async def test_tries_are_counted_and_the_last_answer_is_what_it_is(legs: Legs, upstream: Upstream) -> None:
    upstream.script = Reply(status=503)
    assert await status(legs(retries=2)) == 503
    assert len(upstream.bodies) == 3


async def test_a_connection_that_fails_is_tried_again_and_then_told(legs: Legs) -> None:
    with pytest.raises(UpstreamError) as caught:
        await status(legs(url="http://127.0.0.1:9", retries=1))
    assert caught.value.status == 502


async def test_silence_is_not_waited_for_twice_but_another_is_asked(legs: Legs, upstream: Upstream) -> None:
    upstream.script = lambda body, number: Reply(fault="hang") if number == 0 else Reply()
    assert await status(legs(timeouts=Timeouts(first_byte=0.2)), legs()) == 200
    assert len(upstream.bodies) == 2


@pytest.mark.parametrize("reply", [400, 401, 404])
async def test_what_is_wrong_with_the_request_is_wrong_everywhere(legs: Legs, upstream: Upstream, reply: int) -> None:
    upstream.script = Reply(status=reply)
    assert await status(legs(), legs()) == reply
    assert len(upstream.bodies) == 1


async def test_a_way_may_begin_where_the_last_round_ended(legs: Legs, upstream: Upstream) -> None:
    dead = legs(url="http://127.0.0.1:9", retries=0)
    way = Way((dead, legs()))
    reached = await way.ask(lambda leg: leg.said(BODY), {})
    assert reached.place == 1
    reached.response.close()
    assert (await way.ask(lambda leg: leg.said(BODY), {}, first=reached.place)).place == 1


async def test_nobody_waits_beyond_the_deadline(legs: Legs, upstream: Upstream) -> None:
    upstream.script = Reply(status=503)
    assert await status(legs(retries=5, backoff=60.0), until=time.perf_counter() + 5) == 503
    assert len(upstream.bodies) == 1


async def test_an_open_breaker_asks_nobody(legs: Legs, upstream: Upstream) -> None:
    upstream.script = Reply(status=500)
    leg = legs(breaker=2, retries=0)
    assert [await status(leg), await status(leg)] == [500, 500]
    with pytest.raises(UpstreamUnavailable):
        await status(leg)
    assert len(upstream.bodies) == 2


async def test_an_overload_of_anthropics_is_one_in_words_that_others_know(legs: Legs) -> None:
    translated = legs("anthropic", leg={"translation": Translation(client="chat", upstream="messages")})
    assert translated.failure(529, b"{}").status == 503
    assert legs("anthropic").failure(529, b"{}").status == 529
    assert legs(key="k").failure(401, b'{"error": "k"}').body is None
    assert legs().failure(301, b"").status == 502
