"""Assembles the gateway's application, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from ..guard.guard import Guard
from ..guard.record import hash_key
from .config import Settings
from .door import behind_the_door
from .lifecycle import signals
from .middleware import each_request
from .origin import Origin
from .otlp_metrics import metrics_of
from .reload import Reloader
from .routes import broken, refuse, routes
from .state import Gateway
from .tenancy import memo_of
from .tracing import tracing_of
from .traffic import traffic_of


class _Application(Litestar):
    """Litestar without what it brings along for pydantic and attrs wherever those are installed.

    No route uses either, and importing them takes as long as all of our own modules.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(settings: Settings, *, guard: Guard | None = None, origin: Origin | None = None) -> Litestar:
    """The ASGI application of these settings; loads the models unless a guard is given or the policy is `off`.

    `origin` is where a reload finds settings and policy; without one a guard that is given keeps its policy.
    """
    own = None
    if guard is None and settings.guarded:
        own = Guard(
            settings.policy,
            settings.judges,
            stand_ins=settings.stand_ins,
            hash_key=hash_key(),
            memo=memo_of(settings),
        )
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
        async with gateway.running():
            watching = asyncio.gather(reloader.run(), gateway.tenancy.follow(reloader.wake))
            with signals(gateway, reload=reloader.wake):
                yield
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        for sender in (tracing, sent):
            if sender is not None:
                await asyncio.to_thread(sender.close)
        if own is not None:
            own.close()
        if traffic is not None:
            traffic.close()

    return _Application(
        routes(gateway),
        lifespan=[lifespan],
        middleware=[each_request(gateway, tracing), behind_the_door(gateway)],
        exception_handlers={HTTPException: refuse, Exception: broken},
        openapi_config=None,
        logging_config=None,
    )
