"""What goes around every request: it is counted to the generation it began with, and traced where traces are on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .state import Gateway
from .tracing import Tracing


def each_request(gateway: Gateway, tracing: Tracing | None) -> Callable[..., Any]:
    """The middleware, as Litestar takes it."""

    def around(app: Any) -> Any:
        inner = app if tracing is None else tracing.around(app)

        async def handle(scope: Any, receive: Any, send: Any) -> None:
            generations = gateway.generations
            generation = generations.enter()
            try:
                await inner(scope, receive, send)
            finally:
                generations.leave(generation)

        return handle

    return around
