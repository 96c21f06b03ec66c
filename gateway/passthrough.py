"""What passes unjudged: everything where the guard is off, and the list of models always."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import msgspec

from ..guard.record import new_id
from ..models.errors import HeadgateError
from .asgi import ClientGone, Headers, Receive, Scope, Send, answer, gone, read_body
from .errors import json_headers
from .exchange import unless_gone
from .headers import off_headers
from .state import Gateway
from .upstream import returned
from .wire.dialect import Dialect
from .wire.openai_chat_dialect import CHAT

if TYPE_CHECKING:
    import aiohttp


log = logging.getLogger("headgate")


class _Counted(msgspec.Struct):
    """As much of a request as is needed to count its parts: a conversation, or one text or several."""

    messages: list[msgspec.Raw] = []
    input: list[msgspec.Raw] | str = []
    prompt: list[msgspec.Raw] | str = []


_count = msgspec.json.Decoder(_Counted).decode


async def unguarded_chat(gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
    """Pass a chat completion through, byte for byte, and count its messages and answer as unjudged."""
    await unguarded(gateway, "/chat/completions", scope, receive, send)


async def unguarded(
    gateway: Gateway,
    path: str,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    dialect: Dialect[Any, Any] = CHAT,
) -> None:
    """Pass a request to a path of upstream's through, byte for byte, and count its parts as unjudged."""
    try:
        body = await read_body(scope, receive, limit=gateway.settings.max_body)
        headers = gateway.upstream.headers(scope, key_header=dialect.key_header)
        asked = gateway.upstream.post(path, body, headers, at_root=dialect.at_root)
        response = await unless_gone(asked, receive)
        parts = _parts(body)
        head = [*_headers(response), *off_headers(parts=parts, identity=new_id())]
        streamed = response.content_type in ("text/event-stream", dialect.streams_as)
        if not streamed:
            await answer(send, response.status, await gateway.upstream.read(response), head)
    except ClientGone:
        return
    except HeadgateError as error:
        await _fail(gateway, send, error, dialect=dialect)
        return
    gateway.metrics.passed(parts=parts, shape="stream" if streamed else "json")
    if streamed:
        await _relay(gateway, response, head, receive, send)


async def models(gateway: Gateway, scope: Scope, send: Send) -> None:
    """Pass `GET /v1/models` through; there is nothing to judge in it."""
    try:
        response = await gateway.upstream.get("/models", gateway.upstream.headers(scope))
        body = await gateway.upstream.read(response)
    except HeadgateError as error:
        await _fail(gateway, send, error)
        return
    await answer(send, response.status, body, _headers(response))


async def _relay(
    gateway: Gateway, response: aiohttp.ClientResponse, head: Headers, receive: Receive, send: Send
) -> None:
    """Bytes on as they come; when the client goes, upstream's response is closed."""
    watcher = asyncio.ensure_future(gone(receive))
    watcher.add_done_callback(lambda _: response.close())
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": head})
        while chunk := await gateway.upstream.read_some(response):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except HeadgateError as error:
        # The head has left. An answer that is never completed makes the server close the connection, which tells the
        # client that this was not the end.
        log.warning("a stream that passes unjudged broke off: %s", error)
    finally:
        watcher.cancel()


async def _fail(gateway: Gateway, send: Send, error: HeadgateError, *, dialect: Dialect[Any, Any] = CHAT) -> None:
    found = dialect.failure(error)
    gateway.metrics.failed(found.kind, shape="json", status=found.status)
    await answer(send, found.status, found.body, json_headers(found))


def _headers(response: aiohttp.ClientResponse) -> Headers:
    kept = returned(response.raw_headers, encoded=True)
    return [(b"content-type", response.headers.get("Content-Type", "application/json").encode("latin-1")), *kept]


def _parts(body: bytes) -> int:
    try:
        found = _count(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 1
    # A text is one part, and so are the token ids of one.
    several = [1 if isinstance(said, str) or _is_number(said) else len(said) for said in (found.input, found.prompt)]
    return len(found.messages) + sum(several) + 1


def _is_number(said: list[msgspec.Raw]) -> bool:
    return bool(said) and bytes(said[0])[:1].isdigit()
