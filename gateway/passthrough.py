"""What passes unjudged where the guard is off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from ..guard.record import new_id
from ..models.errors import HeadgateError, UpstreamError
from .asgi import ClientGone, Headers, Receive, Scope, Send, answer, gone, read_body
from .errors import json_headers
from .exchange import unless_gone
from .headers import off_headers
from .providers import Api
from .state import Gateway
from .translate.frames import framed
from .upstream import callers
from .way import Reached
from .wire.dialect import Dialect
from .wire.json_body import decode_object
from .wire.openai_chat_dialect import CHAT

log = logging.getLogger("headgate")


class _Counted(msgspec.Struct):
    """As much of a request as is needed to count its parts: a conversation, or one text or several."""

    messages: list[msgspec.Raw] = []
    input: list[msgspec.Raw] | str = []
    prompt: list[msgspec.Raw] | str = []


_count = msgspec.json.Decoder(_Counted).decode


async def unguarded_chat(gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a chat completion through, byte for byte, and count its messages and answer as unjudged."""
    await unguarded(gateway, "chat", scope, receive, send)


async def unguarded(
    gateway: Gateway,
    api: Api,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    dialect: Dialect[Any, Any] = CHAT,
) -> None:
    """Pass a request through, and count its parts as unjudged: byte for byte, but for a model's other name upstream.

    Where upstream speaks another protocol, request and answer are translated.
    """
    handed = 0
    try:
        body = await read_body(scope, receive, limit=gateway.settings.max_body)
        parts = _parts(body)
        upstreams = gateway.upstreams
        way = upstreams.way(api, {} if upstreams.routing is None else decode_object(body))
        asked = way.ask(lambda leg: leg.said(body), callers(scope), key_header=dialect.key_header)
        handed = parts - 1
        reached = await unless_gone(asked, receive, scope)
        head = [*_headers(reached, dialect), *off_headers(parts=parts, identity=new_id())]
        streamed = reached.response.content_type in ("text/event-stream", reached.leg.dialect(dialect).streams_as)
        if not streamed:
            await answer(send, reached.response.status, await _whole(reached), head)
    except ClientGone:
        gateway.metrics.handed(parts=handed)
        return
    except HeadgateError as error:
        gateway.metrics.handed(parts=handed)
        await _fail(gateway, send, error, dialect=dialect)
        return
    gateway.metrics.passed(parts=parts, shape="stream" if streamed else "json")
    if streamed:
        await _relay(reached, dialect, head, receive, send)


async def _relay(reached: Reached, dialect: Dialect[Any, Any], head: Headers, receive: Receive, send: Send) -> None:
    """Bytes on as they come; when the client goes, upstream's response is closed."""
    watcher = asyncio.ensure_future(gone(receive))
    watcher.add_done_callback(lambda _: reached.response.close())
    try:
        await send({"type": "http.response.start", "status": reached.response.status, "headers": head})
        async for chunk in _chunks(reached, dialect):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except HeadgateError as error:
        # The head has left. An answer that is never completed makes the server close the connection, which tells the
        # client that this was not the end.
        log.warning("a stream that passes unjudged broke off: %s", error)
    finally:
        watcher.cancel()


async def _whole(reached: Reached) -> bytes:
    """The body of an answer in one piece."""
    leg = reached.leg
    raw = await leg.client.read(reached.response)
    if leg.translation is None:
        return raw
    if reached.response.status != 200:
        raise leg.failure(reached.response.status, raw)
    return leg.translation.answer(new_id()).whole(raw)


async def _chunks(reached: Reached, dialect: Dialect[Any, Any]) -> AsyncIterator[bytes]:
    """The bytes of a stream; UpstreamError where a translated one breaks off."""
    client, response, translation = reached.leg.client, reached.response, reached.leg.translation
    if translation is None:
        while chunk := await client.read_some(response):
            yield chunk
        return
    found, splitter = translation.answer(new_id()), reached.leg.dialect(dialect).splitter()
    while chunk := await client.read_some(response):
        if said := [framed(dialect.name, one) for data in splitter.feed(chunk) for one in found.take(data)]:
            yield b"".join(said)
    last = [one for data in splitter.finish() for one in found.take(data)]
    yield b"".join(framed(dialect.name, one) for one in [*last, *found.finish()])
    if not found.over:
        raise UpstreamError("upstream broke off its answer", status=502)


async def _fail(gateway: Gateway, send: Send, error: HeadgateError, *, dialect: Dialect[Any, Any] = CHAT) -> None:
    found = dialect.failure(error)
    gateway.metrics.failed(found.kind, shape="json", status=found.status)
    await answer(send, found.status, found.body, json_headers(found))


def _headers(reached: Reached, dialect: Dialect[Any, Any]) -> Headers:
    leg, response = reached.leg, reached.response
    kept = leg.client.returned(response.raw_headers, encoded=leg.translation is None)
    kind = response.headers.get("Content-Type", "application/json").encode("latin-1")
    if leg.translation is not None:
        streams = response.content_type == leg.dialect(dialect).streams_as
        kind = dialect.content_type if streams else b"application/json"
    return [(b"content-type", kind), *kept]


def _parts(body: bytes) -> int:
    """How many parts the body and its answer are: at least one each."""
    try:
        found = _count(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 2
    # A text is one part, and so are the token ids of one.
    several = [1 if isinstance(said, str) or _is_number(said) else len(said) for said in (found.input, found.prompt)]
    return max(1, len(found.messages) + sum(several)) + 1


def _is_number(said: list[msgspec.Raw]) -> bool:
    return bool(said) and bytes(said[0])[:1].isdigit()
