"""Passes on what `unjudged_routes` names: bytes in, bytes out, counted and recorded as what nobody judged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec
from litestar import HttpMethod, Request, route
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import ASGIApp, ControllerRouterHandler

from ..guard.record import new_id
from ..models.content import Opaque, Role
from ..models.errors import HeadgateError, InputError
from ..policies.verdict import Action, Round, Verdict
from .asgi import ClientGone, Headers, Receive, Scope, Send, answer, gone, read_body
from .circumstances import placed
from .config import OFF
from .errors import Failure, internal, json_headers
from .exchange import unless_gone
from .headers import off_headers, verdict_headers
from .refusals import failure_at
from .state import Gateway, unfinished
from .unjudged_routes import Area, UnjudgedRoute, areas, narrowest, parse_unjudged
from .upstream import NATIVE, Upstream, callers

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("headgate")

SHAPE: Final = "passed"
REASON: Final = "route"
"""Why nothing of it was judged."""


def unjudged_routes(gateway: Gateway) -> list[ControllerRouterHandler]:
    """A handler for each area, with all methods that are passed on anywhere in it."""
    settings = gateway.settings
    return [_area(gateway, area) for area in areas(parse_unjudged(settings.unjudged_routes, settings.upstreams))]


def _area(gateway: Gateway, area: Area) -> ControllerRouterHandler:
    widest = area[0]
    path = f"{widest.path}/{{rest:path}}" if widest.goes_on else widest.path

    # Not bare ASGI as the judged routes are: Litestar has no parameters in the paths of those.
    @route(path, http_method=sorted({HttpMethod(one.method) for one in area}), status_code=200)
    async def passed(request: Request[Any, Any, Any]) -> ASGIApp:
        methods = narrowest(area, request.scope["path"])
        if not methods:
            raise NotFoundException
        if request.method not in methods:
            raise MethodNotAllowedException(headers={"allow": ", ".join(methods)})
        named = methods[request.method]

        async def app(scope: Any, receive: Any, send: Any) -> None:
            with gateway.metrics.active.track_inprogress():
                await _pass(gateway, named, scope, receive, send)

        return app

    return passed


async def _pass(gateway: Gateway, named: UnjudgedRoute, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        _check(scope)
        body = await read_body(scope, receive, limit=gateway.settings.max_body)
    except ClientGone:
        return
    except HeadgateError as error:
        fault = failure_at(scope["path"], error)
        gateway.metrics.failed(fault.kind, shape=SHAPE, status=fault.status)
        await answer(send, fault.status, fault.body, json_headers(fault))
        return
    client = gateway.upstreams.clients[named.upstream or NATIVE]
    passage = _Passage(gateway, body, scope)
    try:
        await _asked(passage, client, named, receive, send)
    except ClientGone:
        passage.ended("client_gone")
    except HeadgateError as error:
        fault = failure_at(scope["path"], error)
        passage.failed(fault)
        await answer(send, fault.status, fault.body, json_headers(fault))
    finally:
        passage.close()


def _check(scope: Scope) -> None:
    """A path that leads elsewhere than it says is not passed on."""
    path = unquote(scope["raw_path"].decode("latin-1")).replace("\\", "/")
    # Some servers leave out what stands behind a ';' before they look where a path leads.
    segments = {segment.partition(";")[0] for segment in path.split("/")[1:]}
    if {"", ".", ".."} & segments or "%" in path:
        raise InputError("the path holds '//', '.', '..' or '%', or ends in '/': write it out")


async def _asked(passage: _Passage, client: Upstream, named: UnjudgedRoute, receive: Receive, send: Send) -> None:
    scope = passage.scope
    asked = client.request(named.method, scope["raw_path"], scope["query_string"], passage.body, callers(scope))
    response = await unless_gone(asked, receive, scope)
    head = passage.answered()
    kind = response.headers.get("Content-Type", "application/octet-stream").encode("latin-1")
    kept = client.returned(response.raw_headers, encoded=not passage.gateway.settings.guarded)
    await _relay(passage, client, response, [(b"content-type", kind), *kept, *head], receive, send)


async def _relay(
    passage: _Passage,
    client: Upstream,
    response: aiohttp.ClientResponse,
    head: Iterable[Any],
    receive: Receive,
    send: Send,
) -> None:
    """Bytes on as they come; when the client goes, upstream's response is closed."""
    watcher = asyncio.ensure_future(gone(receive))
    watcher.add_done_callback(lambda _: response.close())
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": list(head)})
        while chunk := await client.read_some(response):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        passage.ended("client_gone" if watcher.done() else "delivered")
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except HeadgateError as error:
        if watcher.done():
            raise ClientGone from error
        # The head has left: an answer that is never completed tells the client that this was not the end.
        log.warning("an answer that passes unjudged broke off: %s", error)
        passage.failed(failure_at(passage.scope["path"], error))
    finally:
        watcher.cancel()


class _Passage:
    """One request from when it is handed to upstream to its record: a part that nobody judged, and so is its answer.

    However it ends it is counted and recorded, for what left has left.
    """

    def __init__(self, gateway: Gateway, body: bytes, scope: Scope) -> None:
        guard = gateway.guard
        self.gateway = gateway
        self.body = body
        self.scope = scope
        self._guard = None if guard is None else placed(guard, scope, tenant=gateway.settings.tenant)
        self._identity = new_id()
        self._parts: tuple[Opaque, ...] = (Opaque(type=SHAPE, data=body, role=Role.USER, path="request"),)
        self._began = time.perf_counter()
        self._delivery: str | None = None
        self._fault: Failure = internal()

    def answered(self) -> Headers:
        """Upstream has begun to answer: the headers that say that nobody judges it."""
        self._parts = (*self._parts, Opaque(type=SHAPE, role=Role.ASSISTANT, path="response"))
        verdict = self._verdict()
        if verdict is None:
            return off_headers(parts=len(self._parts), identity=self._identity)
        return verdict_headers(verdict, identity=self._identity, added_ms=0.0)

    def ended(self, delivery: str) -> None:
        """The caller has its answer, or has gone."""
        self._delivery = delivery

    def failed(self, fault: Failure) -> None:
        """Upstream did not answer, or broke off."""
        self._fault = fault

    def close(self) -> None:
        """Count and record it."""
        metrics, parts, verdict = self.gateway.metrics, len(self._parts), self._verdict()
        seconds = time.perf_counter() - self._began
        delivery = self._delivery or ("cut" if parts > 1 else "withheld")
        if self._delivery is None:
            metrics.failed(self._fault.kind, shape=SHAPE, status=self._fault.status)
            metrics.unjudged.labels(OFF if verdict is None else REASON).inc(parts)
        elif verdict is None:
            metrics.passed(parts=parts, shape=SHAPE)
        else:
            metrics.finished(verdict, shape=SHAPE, delivery=delivery, added=0.0, upstream=seconds)
        if verdict is not None:
            self.gateway.record(
                verdict,
                self._parts,
                identity=self._identity,
                delivery=delivery,
                added=0.0,
                upstream=seconds,
                exposed=0,
            )

    def _verdict(self) -> Verdict | None:
        """None where the guard is off; the round says that upstream was asked, whose tokens nobody knows."""
        if self._guard is None:
            return None
        found = unfinished(self._guard, self._parts, reason=REASON)
        return msgspec.structs.replace(found, rounds=(Round(round=1, strategy="request", action=Action.FLAG),))
