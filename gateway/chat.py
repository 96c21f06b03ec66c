"""`POST /v1/chat/completions` under guard: one path, answered in one piece or as a stream."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple

import msgspec

from ..guard.effects import Finish
from ..guard.guard import Guard
from ..models.errors import HeadgateError
from .asgi import JSON, ClientGone, Headers, Receive, Scope, Send, answer, read_body
from .errors import Failure, failure, internal, json_headers
from .event_stream import EventStream
from .exchange import Exchange, unless_gone
from .source import UpstreamSource
from .state import Gateway
from .stream_sink import StreamSink
from .wire.openai_chat_request import parse_chat
from .wire.openai_chat_upstream import clamped
from .wire.openai_chat_whole import delivered, refusal_error, refused

log = logging.getLogger("headgate")


class _Whole(NamedTuple):
    status: int
    body: bytes


async def guarded_chat(gateway: Gateway, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request; whatever fails becomes an error in OpenAI's envelope, and never an unjudged answer."""
    try:
        raw = await read_body(scope, receive, limit=gateway.settings.max_body)
        began = time.perf_counter()
        chat = clamped(parse_chat(raw), guard.policy)
        source = UpstreamSource(gateway.upstream, chat, gateway.upstream.headers(scope))
        exchange = Exchange(gateway, guard, chat, source, began)
    except ClientGone:
        return
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        await _fail(gateway, send, _known(error), shape="json")
        return
    with gateway.metrics.active.track_inprogress():
        await (_stream if chat.stream else _whole)(exchange, receive, send)


async def _whole(exchange: Exchange, receive: Receive, send: Send) -> None:
    try:
        finish = await unless_gone(exchange.guard.aexchange(exchange.chat.parts, exchange.source), receive)
        exchange.finished(finish)
        whole = _whole_body(exchange, finish)
    except ClientGone:
        exchange.client_left()
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        await _fail(exchange.gateway, send, _known(error), shape=exchange.shape, headers=exchange.source.headers)
        exchange.failed()
    else:
        await answer(send, whole.status, whole.body, [JSON, *exchange.headers()])
        exchange.close()


async def _stream(exchange: Exchange, receive: Receive, send: Send) -> None:
    settings = exchange.gateway.settings
    stream = EventStream(
        send, keep_alive=settings.keep_alive, headers=lambda: [*exchange.headers(), *exchange.exposure()]
    )
    sink = StreamSink(stream, exchange.source, exchange.chat, identity=exchange.identity)
    writer = asyncio.ensure_future(stream.run())
    try:
        parts = exchange.chat.parts
        finish = await unless_gone(exchange.guard.aexchange(parts, exchange.source, sink=sink), receive)
        exchange.finished(finish)
        as_error = exchange.guard.policy.block.style == "error" and finish.delivery == "refused"
        if as_error and not await _uncommitted(stream, writer):
            await sink.error(msgspec.json.encode(refusal_error(finish)))
        elif as_error:
            await answer(send, 400, msgspec.json.encode(refusal_error(finish)), [JSON, *exchange.headers()])
        else:
            await sink.finish(finish)
    except ClientGone:
        exchange.client_left()
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        found = _known(error)
        if await _uncommitted(stream, writer):
            await _fail(exchange.gateway, send, found, shape=exchange.shape, headers=exchange.source.headers)
        else:
            exchange.gateway.metrics.failed(found.kind, shape=exchange.shape, status=found.status)
            await sink.error(found.body)
        exchange.failed()
    else:
        exchange.close()
    finally:
        stream.close()
        # Gathered, not awaited: a client that cannot be written to has gone, and that is no fault of the exchange.
        await asyncio.gather(writer, return_exceptions=True)


async def _uncommitted(stream: EventStream, writer: asyncio.Future[None]) -> bool:
    """Whether the response may still become something else than a stream; if so its writer is stopped."""
    if stream.committed:
        return False
    writer.cancel()
    await asyncio.wait((writer,))
    return not stream.committed


def _whole_body(exchange: Exchange, finish: Finish) -> _Whole:
    usage = exchange.source.usage
    if finish.delivery == "delivered" and finish.round is not None:
        found = exchange.source.answers[finish.round - 1]
        return _Whole(200, delivered(found, choice=finish.choice, usage=usage))
    if exchange.guard.policy.block.style == "error" and finish.delivery == "refused":
        return _Whole(400, msgspec.json.encode(refusal_error(finish)))
    answers = exchange.source.answers
    head = (answers[-1].head if answers else {}) or {"model": exchange.chat.body.get("model") or ""}
    return _Whole(200, refused(finish, identity=exchange.identity, head=head, n=exchange.chat.n, usage=usage))


def _known(error: Exception) -> Failure:
    if isinstance(error, HeadgateError):
        return failure(error)
    # The kind alone: a foreign error's text may quote content.
    log.error("an exchange failed: %s", type(error).__name__)
    return internal()


async def _fail(gateway: Gateway, send: Send, found: Failure, *, shape: str, headers: Headers | None = None) -> None:
    gateway.metrics.failed(found.kind, shape=shape, status=found.status)
    await answer(send, found.status, found.body, [*json_headers(found), *(headers or ())])
