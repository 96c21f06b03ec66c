"""Assembles the gateway's application, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.exceptions import HTTPException

from ..guard.guard import Guard
from ..guard.record import hash_key
from .config import Settings
from .routes import refuse, routes
from .state import Gateway


def create_app(settings: Settings, *, guard: Guard | None = None) -> Litestar:
    """The ASGI application of these settings; loads the models unless a guard is given or the policy is `off`."""
    own = Guard(settings.policy, settings.model, hash_key=hash_key()) if guard is None and settings.guarded else None
    gateway = Gateway(settings, guard or own)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with gateway.running():
            yield
        if own is not None:
            own.close()

    return Litestar(
        routes(gateway),
        lifespan=[lifespan],
        exception_handlers={HTTPException: refuse},
        openapi_config=None,
        logging_config=None,
    )
