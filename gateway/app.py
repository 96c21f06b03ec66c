"""Assembles the gateway's application, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from ..guard.guard import Guard
from .config import Settings
from .door import behind_the_door
from .lifecycle import all_closed, signals, stopped
from .loading import guard_of
from .middleware import each_request
from .origin import Origin
from .otlp_metrics import metrics_of
from .reload import Reloader
from .routes import broken, refuse, routes
from .state import Gateway
from .tracing import tracing_of
from .traffic import traffic_of


class _Application(Litestar):
    """Litestar without what it brings along for pydantic and attrs wherever those are installed.

    No route uses either, and importing them takes as long as all of our own modules.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(
    settings: Settings,
    *,
    guard: Guard | None = None,
    loaded: Future[Guard | None] | None = None,
    origin: Origin | None = None,
) -> Litestar:
    """The ASGI application of these settings; loads the models unless a guard is given or the policy is `off`.

    `loaded` is what `loading` has begun to load: unlike a guard that is given it is closed with the application.
    `origin` is where a reload finds settings and policy; without one a guard that is given keeps its policy.
    """
    own = None
    if guard is None:
        own = guard_of(settings) if loaded is None else loaded.result()
    served = guard or own
    traffic = traffic_of(settings, served)
    if served is not None and traffic is not None:
        served.traffic = traffic
    gateway = Gateway(settings, served)
    tracing = tracing_of(settings)
    sent = metrics_of(settings, gateway.metrics.registry, gateway.refresh)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        reloader = Reloader(gateway, origin, follows=guard is None or origin is not None)
        async with AsyncExitStack() as stack:
            # Closed from the last to the first: files before whoever may wait for a collector.
            stack.push_async_callback(all_closed, (tracing, gateway.sender, sent))
            if own is not None:
                stack.callback(own.close)
            if traffic is not None:
                stack.callback(traffic.close)
            await stack.enter_async_context(gateway.running())
            if sent is not None:
                sent.start()
            watching = asyncio.gather(reloader.run(), gateway.tenancy.follow(reloader.wake))
            stack.push_async_callback(stopped, watching)
            with signals(gateway, reload=reloader.wake):
                yield

    return _Application(
        routes(gateway),
        lifespan=[lifespan],
        middleware=[each_request(gateway, tracing), behind_the_door(gateway)],
        exception_handlers={HTTPException: refuse, Exception: broken},
        openapi_config=None,
        logging_config=None,
    )
