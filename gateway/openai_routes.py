"""OpenAI's other routes beside chat: what is served, and by whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from litestar import asgi
from litestar.types import ControllerRouterHandler

from .asgi import Receive, Scope, Send
from .chat import guarded
from .direct import EMBEDDINGS, IMAGES, VIDEOS, Surface, guarded_direct
from .passthrough import unguarded
from .state import Gateway
from .wire.dialect import Dialect
from .wire.openai_completions_dialect import COMPLETIONS
from .wire.openai_responses_dialect import RESPONSES

WrongMethod: TypeAlias = Callable[[Scope, Send, str], Awaitable[None]]

_GUARDED: Final[tuple[Dialect[Any, Any], ...]] = (RESPONSES, COMPLETIONS)
_DIRECT: Final = (EMBEDDINGS, IMAGES, VIDEOS)

SERVED: Final = ", ".join(f"POST /v1{path}" for path in [*(d.path for d in _GUARDED), *(s.path for s in _DIRECT)])


def openai_routes(gateway: Gateway, *, wrong_method: WrongMethod) -> list[ControllerRouterHandler]:
    """Each route as a bare ASGI handler; `wrong_method` answers any other method than POST."""
    dialects = [_route(gateway, dialect, wrong_method) for dialect in _GUARDED]
    return dialects + [_route(gateway, surface, wrong_method) for surface in _DIRECT]


def _route(gateway: Gateway, served: Dialect[Any, Any] | Surface, wrong_method: WrongMethod) -> ControllerRouterHandler:
    @asgi(f"/v1{served.path}", copy_scope=False)
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        guard = gateway.guard
        if scope["method"] != "POST":
            await wrong_method(scope, send, "POST")
        elif guard is None:
            api = served.name if isinstance(served, Dialect) else served.shape
            await unguarded(gateway, api, scope, receive, send)
        elif isinstance(served, Dialect):
            await guarded(gateway, guard, served, scope, receive, send)
        else:
            await guarded_direct(gateway, guard, served, scope, receive, send)

    return route
