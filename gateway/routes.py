"""The routes, each a few lines: what is served, and by whom."""

from __future__ import annotations

import logging
from typing import Any, Final

from litestar import MediaType, Request, Response, asgi, get
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from .asgi import JSON, Receive, Scope, Send, answer
from .chat import guarded_chat
from .dialect_routes import SERVED as DIALECTS
from .dialect_routes import dialect_routes
from .health import Readiness
from .metrics import CONTENT_TYPE
from .model_list import models
from .openai_routes import SERVED as OPENAI
from .openai_routes import openai_routes
from .openapi import document
from .pass_on import unjudged_routes
from .passthrough import unguarded_chat
from .refusals import Refusal, refusal_body
from .services import SERVED as SERVICES
from .services import service_routes
from .state import Gateway

log = logging.getLogger("headgate")

SERVED: Final = (
    f"POST /v1/chat/completions, {DIALECTS}, {OPENAI}, {SERVICES}, GET /v1/models, "
    "GET /livez, GET /readyz, GET /metrics, GET /openapi.json"
)


def routes(gateway: Gateway) -> list[ControllerRouterHandler]:
    """Every route of the gateway. The two that carry traffic are bare ASGI: a framework's request costs 40 us."""
    readiness = Readiness(gateway)

    @asgi("/v1/chat/completions", copy_scope=False)
    async def chat_completions(scope: Scope, receive: Receive, send: Send) -> None:
        # Asked for at each request: a reload puts another guard in force, and an exchange keeps the one it began with.
        guard = gateway.guard
        if scope["method"] != "POST":
            await _wrong_method(scope, send, "POST")
        elif guard is None:
            await unguarded_chat(gateway, scope, receive, send)
        else:
            await guarded_chat(gateway, guard, scope, receive, send)

    @asgi("/v1/models", copy_scope=False)
    async def list_models(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET":
            await models(gateway, scope, send)
        else:
            await _wrong_method(scope, send, "GET")

    @get("/livez", media_type=MediaType.TEXT, sync_to_thread=False)
    def livez() -> str:
        return "ok"

    @get("/readyz")
    async def readyz() -> Response[dict[str, Any]]:
        report = await readiness.report()
        return Response(report, status_code=200 if report["ready"] else 503)

    @get("/metrics", sync_to_thread=False)
    def metrics() -> Response[bytes]:
        gateway.refresh()
        return Response(gateway.metrics.page(), headers={"content-type": CONTENT_TYPE})

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(document(), media_type=MediaType.JSON)

    services = service_routes(gateway, wrong_method=_wrong_method)
    others = [
        *openai_routes(gateway, wrong_method=_wrong_method),
        *dialect_routes(gateway, wrong_method=_wrong_method),
    ]
    return [
        chat_completions,
        *others,
        *unjudged_routes(gateway),
        *services,
        list_models,
        livez,
        readyz,
        metrics,
        openapi,
    ]


def refuse(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Litestar's own refusals (no such route, wrong method) in the envelope of the dialect whose path it is."""
    if error.status_code in (404, 405):
        body = _not_served(request.method, request.url.path, error.status_code)
    else:
        said = Refusal(status=error.status_code, message=error.detail or "the request cannot be read")
        body = refusal_body(request.url.path, said)
    allow = _allowed(error) if error.status_code == 405 else None
    return Response(body, status_code=error.status_code, media_type=MediaType.JSON, headers=allow)


def _allowed(error: HTTPException) -> dict[str, str]:
    methods = (error.headers or {}).get("allow", "GET").split(", ")
    return {"allow": ", ".join(sorted(one for one in methods if one != "OPTIONS"))}


def broken(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The last door: a fault of ours outside of any handler, told in the dialect; what it was is in the log."""
    # The kind alone: a foreign error's text may quote content.
    log.error("a request failed before it was served: %s", type(error).__name__)
    said = Refusal(
        status=500, message="an internal error; nothing was passed on", type="server_error", code="internal_error"
    )
    return Response(refusal_body(request.url.path, said), status_code=500, media_type=MediaType.JSON)


async def _wrong_method(scope: Scope, send: Send, allowed: str) -> None:
    body = _not_served(scope["method"], scope["path"], 405)
    await answer(send, 405, body, [JSON, (b"allow", allowed.encode())])


def _not_served(method: str, path: str, status: int) -> bytes:
    message = f"{method} {path[:200]} is not served, as nothing would judge it. Served: {SERVED}"
    return refusal_body(path, Refusal(status=status, message=message, code="unknown_url"))
