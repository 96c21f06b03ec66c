"""The routes of dialects other than OpenAI chat: what is served, and by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, TypeAlias

from litestar import asgi
from litestar.types import ControllerRouterHandler

from .asgi import Receive, Scope, Send
from .chat import guarded
from .count import PATH as COUNT
from .count import guarded_count
from .passthrough import unguarded
from .state import Gateway
from .wire.anthropic_dialect import MESSAGES
from .wire.dialect import Dialect
from .wire.ollama_dialect import OLLAMA

WrongMethod: TypeAlias = Callable[[Scope, Send, str], Awaitable[None]]


class _Served(NamedTuple):
    path: str
    dialect: Dialect[Any, Any]


_SERVED: Final = (_Served("/v1/messages", MESSAGES), _Served("/api/chat", OLLAMA))

SERVED: Final = ", ".join([*(f"POST {served.path}" for served in _SERVED), f"POST /v1{COUNT}"])


def dialect_routes(gateway: Gateway, *, wrong_method: WrongMethod) -> list[ControllerRouterHandler]:
    """Each route as a bare ASGI handler; `wrong_method` answers any other method than POST."""
    return [*(_route(gateway, served, wrong_method) for served in _SERVED), _counting(gateway, wrong_method)]


def _route(gateway: Gateway, served: _Served, wrong_method: WrongMethod) -> ControllerRouterHandler:
    dialect = served.dialect

    @asgi(served.path, copy_scope=False)
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        guard = gateway.guard
        if scope["method"] != "POST":
            await wrong_method(scope, send, "POST")
        elif guard is None:
            await unguarded(gateway, dialect.name, scope, receive, send, dialect=dialect)
        else:
            await guarded(gateway, guard, dialect, scope, receive, send)

    return route


def _counting(gateway: Gateway, wrong_method: WrongMethod) -> ControllerRouterHandler:
    @asgi(f"/v1{COUNT}", copy_scope=False)
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        guard = gateway.guard
        if scope["method"] != "POST":
            await wrong_method(scope, send, "POST")
        elif guard is None:
            await unguarded(gateway, "count_tokens", scope, receive, send, dialect=MESSAGES)
        else:
            await guarded_count(gateway, guard, scope, receive, send)

    return route
