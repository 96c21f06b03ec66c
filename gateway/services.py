"""The routes by which other gateways and programs use this one as their judge."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import msgspec
from litestar import asgi
from litestar.types import ControllerRouterHandler

from .asgi import Receive, Scope, Send
from .check_api import check_api
from .litellm_api import litellm_guardrail
from .moderations import moderations
from .ogr_api import evaluate, health, heartbeat
from .service import Handler
from .state import Gateway

WrongMethod: TypeAlias = Callable[[Scope, Send, str], Awaitable[None]]


class _Route(msgspec.Struct, frozen=True):
    method: str
    path: str
    handler: Handler


_ROUTES: Final = (
    _Route("POST", "/v1/moderations", moderations),
    _Route("POST", "/v1/check", check_api),
    _Route("POST", "/beta/litellm_basic_guardrail_api", litellm_guardrail),
    _Route("POST", "/v1/evaluate", evaluate),
    _Route("POST", "/v1/heartbeat", heartbeat),
    _Route("GET", "/v1/health", health),
)

SERVED: Final = ", ".join(f"{route.method} {route.path}" for route in _ROUTES)


def service_routes(gateway: Gateway, *, wrong_method: WrongMethod) -> list[ControllerRouterHandler]:
    """Each route as a bare ASGI handler; `wrong_method` answers any other method."""
    return [_served(gateway, route, wrong_method) for route in _ROUTES]


def _served(gateway: Gateway, route: _Route, wrong_method: WrongMethod) -> ControllerRouterHandler:
    @asgi(route.path, copy_scope=False)
    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == route.method:
            await route.handler(gateway, scope, receive, send)
        else:
            await wrong_method(scope, send, route.method)

    return handle
