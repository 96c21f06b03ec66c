"""`POST /v1/messages/count_tokens` under guard: judged like a request, for what is counted reaches upstream as well."""

from __future__ import annotations

import logging
import time

import msgspec

from ..guard.effects import Finish
from ..guard.guard import Guard
from ..guard.record import new_id
from ..guard.redact import redacted
from ..models.errors import HeadgateError, UpstreamError
from .asgi import JSON, ClientGone, Headers, Receive, Scope, Send, answer, read_body
from .circumstances import placed
from .errors import json_headers
from .exchange import unless_gone
from .headers import verdict_headers
from .state import Gateway
from .upstream import callers
from .way import Way
from .wire.anthropic_dialect import MESSAGES
from .wire.anthropic_upstream import count_body
from .wire.dialect import Request

PATH = "/messages/count_tokens"
_SHAPE = "count_tokens"

log = logging.getLogger("headgate")


class _Count(msgspec.Struct):
    input_tokens: int


class _Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves, the verdict's outcome, upstream's headers, and the seconds that it took."""

    status: int
    body: bytes
    finish: Finish
    headers: Headers = []
    upstream: float = 0.0


async def guarded_count(gateway: Gateway, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of tokens alone; a refused request is a 400 in Anthropic's envelope.

    The judgement is remembered, so the message that follows costs none.
    """
    try:
        raw = await read_body(scope, receive, limit=gateway.settings.max_body)
        began = time.perf_counter()
        request = MESSAGES.parse(raw)
        guard = placed(guard, scope, body=request.body, tenant=gateway.settings.tenant)
        request = MESSAGES.clamped(request, guard.policy)
        way = gateway.upstreams.way("count_tokens", request.body)
        counted = await unless_gone(_counted(way, guard, request, callers(scope)), receive, scope)
    except ClientGone:
        return
    except HeadgateError as error:
        await _fail(gateway, send, error)
        return
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        # The kind alone: a foreign error's text may quote content.
        log.error("a count failed: %s", type(error).__name__)
        await _fail(gateway, send, None)
        return
    added = max(0.0, time.perf_counter() - began - counted.upstream)
    identity, finish = new_id(), counted.finish
    told = verdict_headers(finish.verdict, identity=identity, added_ms=added * 1000)
    await answer(send, counted.status, counted.body, [JSON, *counted.headers, *told])
    gateway.metrics.finished(
        finish.verdict, shape=_SHAPE, delivery=finish.delivery, added=added, upstream=counted.upstream
    )
    gateway.record(
        finish.verdict,
        request.parts,
        identity=identity,
        delivery=finish.delivery,
        added=added,
        upstream=counted.upstream,
        exposed=0,
    )


async def _counted(way: Way, guard: Guard, request: Request, headers: dict[str, str]) -> _Counted:
    finish = await guard.aconclude(request.parts)
    if finish.delivery != "delivered":
        blocked = MESSAGES.blocked(finish)
        return _Counted(status=blocked.status, body=blocked.body, finish=finish)
    body = count_body(request, redacted(finish.verdict) if guard.rules.enforces else ())
    began = time.perf_counter()
    reached = await way.ask(lambda leg: leg.said(body), headers, key_header=MESSAGES.key_header)
    client, response = reached.leg.client, reached.response
    raw = await client.read(response)
    took = time.perf_counter() - began
    if response.status != 200:
        raise reached.leg.failure(response.status, raw)
    try:
        number = msgspec.json.decode(raw, type=_Count)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UpstreamError("upstream's answer is not a number of tokens", status=502) from error
    return _Counted(
        status=200,
        body=msgspec.json.encode(number),
        finish=finish,
        headers=client.returned(response.raw_headers),
        upstream=took,
    )


async def _fail(gateway: Gateway, send: Send, error: HeadgateError | None) -> None:
    found = MESSAGES.failure(error)
    gateway.metrics.failed(found.kind, shape=_SHAPE, status=found.status)
    await answer(send, found.status, found.body, json_headers(found))
