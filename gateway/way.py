"""The way of one request: who is asked, in which protocol, how often, and who is asked instead.

Only what failed before its first byte is sent again: an answer that the guard rejects is made again by the loop, and a
request that it refuses is never sent.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ..models.errors import UpstreamError, UpstreamUnavailable
from ..policies.schema import Prefill
from .breaker import Breaker
from .providers import Api
from .retry import FAILED, RETRIED, pause, wanted
from .translate.neutral import Manners
from .translate.tongues import Translation
from .upstream import Upstream
from .upstream_metrics import UpstreamMetrics
from .wire.dialect import Dialect

if TYPE_CHECKING:
    import aiohttp

_UNREACHED = 502
_GONE_ON_FROM = (502, 503, 504)


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream that may be asked: in which of its protocols, by which name of the model, and how translated.

    `model` is None where the body already names it as upstream does. `callers_key`: it was shown the caller's own key.
    """

    client: Upstream
    api: Api
    breaker: Breaker | None = None
    metrics: UpstreamMetrics | None = None
    model: str | None = None
    translation: Translation | None = None
    asked: str = ""
    callers_key: bool = False

    def dialect(self, clients: Dialect[Any, Any]) -> Dialect[Any, Any]:
        """The protocol that its answer comes in."""
        return clients if self.translation is None else self.translation.sight.dialect

    def prefill(self, policy: Prefill | None) -> Prefill | None:
        """How it takes the start of an answer, where the policy wants that at all; None where it does not."""
        if self.client.is_native or policy is None:
            return policy
        return self.client.provider.prefill

    def said(self, body: bytes, *, continues: bool = False) -> bytes:
        """The client's body as upstream is sent it; `continues`: its last message is the start of the answer.

        Raises InputError where upstream's protocol cannot say it.
        """
        if self.translation is None and self.model is None:
            return body
        found: dict[str, Any] = msgspec.json.decode(body)
        if self.translation is None:
            return msgspec.json.encode({**found, "model": self.model})
        # More than one is for a strategy, which goes without; a caller who wants more was told so before.
        found.pop("n", None)
        return msgspec.json.encode(self._translated(self.translation, found, continues=continues))

    def check(self, body: Mapping[str, Any]) -> None:
        """InputError where upstream's protocol cannot say this."""
        if self.translation is not None:
            self._translated(self.translation, body, continues=False)

    def failure(self, status: int, raw: bytes) -> UpstreamError:
        """What an answer with this status is."""
        ours = self.client.spec.key is not None and not self.client.is_native and not self.callers_key
        if status == 401 and ours:
            return UpstreamError(f"upstream {self.client.name!r} does not know the key of this gateway", status=502)
        if self.translation is not None and self.translation.client != "messages" and status == 529:
            status = 503
        return UpstreamError(f"upstream answered {status}", status=status if status >= 400 else 502, body=raw)

    async def ask(self, body: bytes, headers: Mapping[str, str], *, key_header: str) -> aiohttp.ClientResponse:
        """Send it, once."""
        dressed = self.client.dressed(headers, key_header=key_header)
        if self.translation is not None:
            dressed["content-type"] = "application/json"
            dressed.pop("accept", None)
        return await self.client.post(self.api, body, dressed, model=self.model or self.asked)

    def reached(self, response: aiohttp.ClientResponse, headers: Mapping[str, str], *, place: int) -> Reached:
        """Its answer to a caller with these headers."""
        shown = self.client.shows_callers_key(headers)
        leg = msgspec.structs.replace(self, callers_key=True) if shown else self
        return Reached(place=place, leg=leg, response=response)

    def _translated(self, translation: Translation, body: Mapping[str, Any], *, continues: bool) -> Mapping[str, Any]:
        provider = self.client.provider
        manners = Manners(
            max_tokens_field=provider.max_tokens_field,
            extensions=provider.extensions,
            max_tokens=self.client.spec.max_tokens,
            prefill=provider.prefill if continues else None,
        )
        return translation.request(body, model=self.model or self.asked, manners=manners)


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered, by its place on the way, and its answer, whose body is still to be read."""

    place: int
    leg: Leg
    response: aiohttp.ClientResponse


class Way(msgspec.Struct, frozen=True):
    """The legs of a request, the first of which is asked first."""

    legs: tuple[Leg, ...]

    @property
    def continues(self) -> bool:
        """Whether everybody on it takes the start of an answer, as far as is known."""
        return all(leg.client.is_native or leg.client.provider.prefill is not None for leg in self.legs)

    async def ask(
        self,
        body: Callable[[Leg], bytes],
        headers: Mapping[str, str],
        *,
        key_header: str = "authorization",
        first: int = 0,
        until: float | None = None,
    ) -> Reached:
        """The first answer that is one, or the last that is none; `body` makes what a leg is sent.

        `first` is the place where the way begins; nobody waits beyond `until` (on time.perf_counter) to try again.
        Raises UpstreamError where nobody answers.
        """
        leg = self.legs[0]
        if leg.breaker is None and not leg.client.spec.retries and len(self.legs) == 1:
            response = await leg.ask(body(leg), headers, key_header=key_header)
            return leg.reached(response, headers, place=0)
        for place in range(first, len(self.legs)):
            leg, last = self.legs[place], place == len(self.legs) - 1
            try:
                response = await _tries(leg, body(leg), headers, key_header=key_header, until=until)
            except UpstreamError as error:
                if last or error.status not in _GONE_ON_FROM:
                    raise
            else:
                if last or response.status not in RETRIED:
                    return leg.reached(response, headers, place=place)
                response.close()
            if leg.metrics is not None:
                leg.metrics.fell_back(leg.client.name)
        raise AssertionError("a way has at least one leg")


async def _tries(
    leg: Leg, body: bytes, headers: Mapping[str, str], *, key_header: str, until: float | None
) -> aiohttp.ClientResponse:
    tries = 0
    while True:
        tries += 1
        try:
            response = await _once(leg, body, headers, key_header=key_header)
        except UpstreamError as error:
            seconds = _pause(leg, tries, None, until) if error.status == _UNREACHED else None
            if seconds is None:
                raise
        else:
            if response.status not in RETRIED:
                return response
            seconds = _pause(leg, tries, wanted(response.headers), until)
            if seconds is None:
                return response
            response.close()
        if leg.metrics is not None:
            leg.metrics.retried(leg.client.name)
        await asyncio.sleep(seconds)


async def _once(leg: Leg, body: bytes, headers: Mapping[str, str], *, key_header: str) -> aiohttp.ClientResponse:
    """One try, which the breaker must allow and is told of."""
    breaker, metrics = leg.breaker, leg.metrics
    if breaker is None:
        return await leg.ask(body, headers, key_header=key_header)
    if seconds := breaker.seconds:
        message = f"upstream failed again and again; it will be asked again in {math.ceil(seconds)}s"
        raise UpstreamUnavailable(message, seconds=seconds)
    breaker.asked()
    try:
        response = await leg.ask(body, headers, key_header=key_header)
    except UpstreamError:
        await breaker.failed()
        if metrics is not None:
            metrics.answered(leg.client.name, None)
        raise
    except BaseException:
        breaker.gave_up()
        raise
    if metrics is not None:
        metrics.answered(leg.client.name, response.status)
    try:
        await (breaker.failed() if response.status in FAILED else breaker.succeeded())
    except BaseException:
        response.close()
        raise
    return response


def _pause(leg: Leg, tries: int, wish: float | None, until: float | None) -> float | None:
    """Seconds until the next try; None where there is none."""
    spec = leg.client.spec
    if tries > spec.retries:
        return None
    seconds = pause(tries, backoff=spec.backoff, wanted=wish, chance=random.random())
    if seconds is None or (until is not None and time.perf_counter() + seconds >= until):
        return None
    return seconds
