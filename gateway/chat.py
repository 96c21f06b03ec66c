"""An exchange under guard, in any dialect: one path, answered in one piece or as a stream."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, NamedTuple

from ..guard.cuts import restored
from ..guard.effects import Finish
from ..guard.guard import Guard
from ..models.errors import HeadgateError
from .asgi import JSON, LONG, ClientGone, Headers, Receive, Scope, Send, answer, read_body
from .circumstances import placed
from .errors import Failure, json_headers
from .event_stream import EventStream
from .exchange import Exchange, unless_gone
from .headers import wishes
from .source import UpstreamSource
from .state import Gateway
from .stream_sink import StreamSink
from .upstream import callers
from .wire.dialect import Dialect, Outcome
from .wire.openai_chat_dialect import CHAT

log = logging.getLogger("headgate")


class _Whole(NamedTuple):
    status: int
    body: bytes


async def guarded_chat(gateway: Gateway, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one chat completion."""
    await guarded(gateway, guard, CHAT, scope, receive, send)


async def guarded(
    gateway: Gateway, guard: Guard, dialect: Dialect[Any, Any], scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request; whatever fails becomes an error in its dialect, and never an unjudged answer."""
    try:
        raw = await read_body(scope, receive, limit=gateway.settings.max_body)
        began = time.perf_counter()
        request = dialect.parse(raw) if len(raw) <= LONG else await asyncio.to_thread(dialect.parse, raw)
        guard = placed(guard, scope, body=request.body, tenant=gateway.settings.tenant)
        request = dialect.clamped(request, guard.policy)
        way = gateway.upstreams.way(dialect.name, request.body)
        source = UpstreamSource(way, dialect, request, callers(scope), prefill=guard.policy.stream.prefill)
        wish = wishes(scope["headers"], stream=request.stream)
        exchange = Exchange(gateway, guard, dialect, request, source, began, wishes=wish)
    except ClientGone:
        return
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        await _fail(gateway, send, _known(dialect, error), shape="json")
        return
    gateway.metrics.active.inc()
    try:
        await (_stream if request.stream else _whole)(exchange, scope, receive, send)
    finally:
        gateway.metrics.active.dec()


async def _whole(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        finish = await unless_gone(exchange.run(), receive, scope)
        exchange.finished(finish)
        long = exchange.source.received > LONG
        whole = await asyncio.to_thread(_whole_body, exchange, finish) if long else _whole_body(exchange, finish)
    except ClientGone:
        exchange.client_left()
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        await _fail(
            exchange.gateway,
            send,
            _known(exchange.dialect, error),
            shape=exchange.shape,
            headers=exchange.source.headers,
        )
        exchange.failed()
    else:
        await answer(send, whole.status, whole.body, [JSON, *exchange.headers()])
        exchange.close()


async def _stream(exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    dialect = exchange.dialect
    stream = EventStream(
        send,
        keep_alive=exchange.gateway.settings.keep_alive,
        headers=lambda: [*exchange.headers(), *exchange.exposure()],
        comment=dialect.keep_alive,
        content_type=dialect.content_type,
    )
    sink = StreamSink(stream, exchange.source, dialect.frames(exchange.request, exchange.identity))
    writer = asyncio.ensure_future(stream.run())
    try:
        finish = await unless_gone(exchange.run(sink), receive, scope)
        exchange.finished(finish)
        if not _as_error(exchange, finish):
            await sink.finish(finish)
        elif await _uncommitted(stream, writer):
            blocked = dialect.blocked(finish)
            await answer(send, blocked.status, blocked.body, [JSON, *exchange.headers()])
        else:
            await sink.error(dialect.blocked(finish))
    except ClientGone:
        exchange.client_left()
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        found = _known(dialect, error)
        if await _uncommitted(stream, writer):
            await _fail(exchange.gateway, send, found, shape=exchange.shape, headers=exchange.source.headers)
        else:
            exchange.gateway.metrics.failed(found.kind, shape=exchange.shape, status=found.status)
            await sink.error(found)
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
    if _as_error(exchange, finish):
        blocked = exchange.dialect.blocked(finish)
        return _Whole(blocked.status, blocked.body)
    source = exchange.source
    outcome = Outcome(
        finish=finish,
        request=exchange.request,
        answer=source.outcome(finish),
        usage=source.usage,
        identity=exchange.identity,
    )
    return _Whole(200, restored(exchange.dialect.whole(outcome), source.words))


def _as_error(exchange: Exchange, finish: Finish) -> bool:
    return exchange.guard.policy.block.style == "error" and finish.delivery == "refused"


def _known(dialect: Dialect[Any, Any], error: Exception) -> Failure:
    if isinstance(error, HeadgateError):
        return dialect.failure(error)
    # The kind alone: a foreign error's text may quote content.
    log.error("an exchange failed: %s", type(error).__name__)
    return dialect.failure(None)


async def _fail(gateway: Gateway, send: Send, found: Failure, *, shape: str, headers: Headers | None = None) -> None:
    gateway.metrics.failed(found.kind, shape=shape, status=found.status)
    await answer(send, found.status, found.body, [*json_headers(found), *(headers or ())])
