"""Passes on what `unjudged_routes` names: bytes in, bytes out, counted and recorded as what nobody judged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from litestar import HttpMethod, Request, route
from litestar.types import ASGIApp, ControllerRouterHandler

from ..guard.guard import Guard
from ..guard.record import new_id
from ..models.content import Opaque, Role
from ..models.errors import HeadgateError, InputError
from .asgi import ClientGone, Headers, Receive, Scope, Send, answer, gone, read_body
from .circumstances import placed
from .errors import failure, json_headers
from .exchange import unless_gone
from .headers import off_headers, verdict_headers
from .refusals import Refusal, refusal_body
from .state import Gateway, unfinished
from .unjudged_routes import UnjudgedRoute, parse_unjudged
from .upstream import NATIVE, Upstream, callers

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger("headgate")

SHAPE: Final = "passed"
REASON: Final = "route"
"""Why nothing of it was judged."""


def unjudged_routes(gateway: Gateway) -> list[ControllerRouterHandler]:
    """A handler for each path, with all methods that are passed on there."""
    settings = gateway.settings
    routes = sorted(parse_unjudged(settings.unjudged_routes, tuple(settings.upstreams)), key=_place)
    return [_route(gateway, {one.method: one for one in found}) for _, found in groupby(routes, _place)]


def _place(route: UnjudgedRoute) -> tuple[str, bool]:
    return route.path, route.goes_on


def _route(gateway: Gateway, methods: dict[str, UnjudgedRoute]) -> ControllerRouterHandler:
    first = next(iter(methods.values()))
    path = f"{first.path}/{{rest:path}}" if first.goes_on else first.path

    # Not bare ASGI as the judged routes are: Litestar has no parameters in the paths of those.
    @route(path, http_method=[HttpMethod(method) for method in methods], status_code=200)
    async def passed(request: Request[Any, Any, Any]) -> ASGIApp:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await _pass(gateway, methods[scope["method"]], scope, receive, send)

        return app

    return passed


async def _pass(gateway: Gateway, named: UnjudgedRoute, scope: Scope, receive: Receive, send: Send) -> None:
    guard, client = gateway.guard, gateway.upstreams.clients[named.upstream or NATIVE]
    began = time.perf_counter()
    try:
        with gateway.metrics.active.track_inprogress():
            _check(scope)
            body = await read_body(scope, receive, limit=gateway.settings.max_body)
            asked = client.request(named.method, scope["raw_path"], scope["query_string"], body, callers(scope))
            response = await unless_gone(asked, receive, scope)
            head = _counted(gateway, guard, body, scope, seconds=time.perf_counter() - began)
            kind = response.headers.get("Content-Type", "application/octet-stream").encode("latin-1")
            kept = client.returned(response.raw_headers, encoded=not gateway.settings.guarded)
            await _relay(client, response, [(b"content-type", kind), *kept, *head], receive, send)
    except ClientGone:
        return
    except HeadgateError as error:
        fault = failure(error)
        gateway.metrics.failed(fault.kind, shape=SHAPE, status=fault.status)
        said = Refusal(status=fault.status, message=str(error), code="unjudged_route")
        await answer(send, fault.status, refusal_body(scope["path"], said), json_headers(fault))


def _check(scope: Scope) -> None:
    """A path that leads elsewhere than it says is not passed on."""
    path = unquote(scope["raw_path"].decode("latin-1")).replace("\\", "/")
    if {"", ".", ".."} & {*path.split("/")[1:]} or "%" in path:
        raise InputError("the path holds '//', '.', '..' or '%', or ends in '/': write it out")


def _counted(gateway: Gateway, guard: Guard | None, body: bytes, scope: Scope, *, seconds: float) -> Headers:
    """Count and record it as one part of a request and one of an answer that nobody judged; the headers that say so."""
    identity = new_id()
    if guard is None:
        gateway.metrics.passed(parts=2, shape=SHAPE)
        return off_headers(parts=2, identity=identity)
    guard = placed(guard, scope, tenant=gateway.settings.tenant)
    parts = (
        Opaque(type=SHAPE, data=body, role=Role.USER, path="request"),
        Opaque(type=SHAPE, role=Role.ASSISTANT, path="response"),
    )
    verdict = unfinished(guard, parts, reason=REASON)
    gateway.metrics.finished(verdict, shape=SHAPE, delivery="delivered", added=0.0, upstream=seconds)
    gateway.record(verdict, parts, identity=identity, delivery="delivered", added=0.0, upstream=seconds, exposed=0)
    return verdict_headers(verdict, identity=identity, added_ms=0.0)


async def _relay(
    client: Upstream, response: aiohttp.ClientResponse, head: Iterable[Any], receive: Receive, send: Send
) -> None:
    """Bytes on as they come; when the client goes, upstream's response is closed."""
    watcher = asyncio.ensure_future(gone(receive))
    watcher.add_done_callback(lambda _: response.close())
    try:
        await send({"type": "http.response.start", "status": response.status, "headers": list(head)})
        while chunk := await client.read_some(response):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    except HeadgateError as error:
        # The head has left: an answer that is never completed tells the client that this was not the end.
        log.warning("an answer that passes unjudged broke off: %s", error)
    finally:
        watcher.cancel()
