"""All upstreams of one configuration, and the way that a request takes to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..guard.store.protocol import Store
from ..models.errors import InputError
from .breaker import Breaker, State
from .config import Settings
from .providers import Api
from .routing import Routing, Target
from .translate.tongues import CLIENTS, Translation
from .upstream import NATIVE, Upstream
from .upstream_metrics import UpstreamMetrics
from .way import Leg, Way


class Upstreams:
    """The clients, breakers and routes. Make them on a running event loop and close them there."""

    def __init__(self, settings: Settings, store: Callable[[], Store], metrics: UpstreamMetrics | None = None) -> None:
        self._metrics = metrics
        named = settings.upstreams
        self.clients = {name: Upstream(settings, spec, name=name) for name, spec in named.items()}
        if not named:
            self.clients = {NATIVE: Upstream(settings)}
        translated = settings.upstream_kind != "native"
        self.routing = Routing(settings.routes, upstreams=tuple(self.clients)) if named or translated else None
        self._breakers = {
            name: Breaker(name, client.spec.breaker, store, watch=self._watch(name))
            for name, client in self.clients.items()
            if named or client.spec.breaker
        }
        self._native: dict[str, Way] = {}

    def way(self, api: Api, body: Mapping[str, Any]) -> Way:
        """Who is asked for this; raises UnknownModel, or InputError where nobody on the way can be told it.

        A fallback that cannot be told is left out.
        """
        if self.routing is None:
            return self._native_way(api)
        model = body.get("model")
        first, *others = self.routing.of(model)
        legs = [self._leg(first, api, body, model or "")]
        for target in others:
            try:
                legs.append(self._leg(target, api, body, model or ""))
            except InputError:
                continue
        return Way(tuple(legs))

    def status(self) -> dict[str, Any]:
        """How each does, for `/readyz`; empty where nobody counts."""
        return {
            name: {"kind": self.clients[name].spec.kind, "breaker": breaker.state}
            for name, breaker in self._breakers.items()
        }

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(client.close() for client in self.clients.values()))

    def _native_way(self, api: Api) -> Way:
        way = self._native.get(api)
        if way is None:
            leg = Leg(client=self.clients[NATIVE], api=api, breaker=self._breakers.get(NATIVE))
            way = self._native[api] = Way((leg,))
        return way

    def _leg(self, target: Target, api: Api, body: Mapping[str, Any], asked: str) -> Leg:
        client = self.clients[target.upstream]
        translation = None
        spoken = api
        if api not in client.apis:
            spoken = client.provider.tongue
            if api not in CLIENTS or spoken not in client.apis:
                message = f"'model' {asked[:64]!r} is served by an upstream of the kind {client.spec.kind}"
                raise InputError(f"{message}, which has no {api.replace('_', ' ')}", param="model")
            translation = Translation(client=api, upstream=spoken)
        leg = Leg(
            client=client,
            api=spoken,
            breaker=self._breakers.get(target.upstream),
            metrics=self._metrics,
            model=target.model,
            translation=translation,
            asked=asked,
        )
        leg.check(body)
        return leg

    def _watch(self, name: str) -> Callable[[State], None]:
        def watch(state: State) -> None:
            if self._metrics is not None:
                self._metrics.breaker(name, state)

        return watch
