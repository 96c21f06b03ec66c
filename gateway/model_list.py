"""`GET /v1/models`: which models are served here; there is nothing to judge in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ..models.errors import HeadgateError, InputError, UpstreamError
from .asgi import JSON, Headers, Scope, Send, answer
from .errors import failure, json_headers
from .state import Gateway
from .upstream import Upstream, callers
from .upstreams import Upstreams

_EPOCH: Final = "1970-01-01T00:00:00Z"
_MOST: Final = 10_000


class _Model(msgspec.Struct):
    id: str


class _List(msgspec.Struct):
    data: list[_Model]


async def models(gateway: Gateway, scope: Scope, send: Send) -> None:
    """The only upstream's own list; with several, the models that have a route.

    What a pattern leads to its upstream knows: of those that can be asked, the models that come to them are listed.
    """
    upstreams = gateway.upstreams
    try:
        if upstreams.routing is None:
            (only,) = upstreams.clients.values()
            await _passed(only, scope, send)
            return
        found = await _routed(upstreams, callers(scope))
    except HeadgateError as error:
        fault = failure(error)
        gateway.metrics.failed(fault.kind, shape="json", status=fault.status)
        await answer(send, fault.status, fault.body, json_headers(fault))
        return
    await answer(send, 200, msgspec.json.encode(_page(found)), [JSON])


async def _passed(client: Upstream, scope: Scope, send: Send) -> None:
    response = await client.models(client.headers(scope))
    if response is None:
        raise UpstreamError("upstream has no list of models", status=404)
    body = await client.read(response)
    kind = response.headers.get("Content-Type", "application/json").encode("latin-1")
    kept: Headers = client.returned(response.raw_headers, encoded=True)
    await answer(send, response.status, body, [(b"content-type", kind), *kept])


async def _routed(upstreams: Upstreams, headers: Mapping[str, str]) -> dict[str, str]:
    """Each model and its upstream: those with a route of their own first."""
    routing = upstreams.routing
    assert routing is not None
    found = {name: routing.of(name)[0].upstream for name in routing.names}
    told = await asyncio.gather(*(_told(upstreams.clients[name], headers) for name in routing.open))
    for upstream, names in zip(routing.open, told, strict=True):
        for name in names:
            try:
                first = routing.of(name)[0]
            except InputError:
                continue
            if first.upstream == upstream and first.model is None:
                found.setdefault(name, upstream)
    return found


async def _told(client: Upstream, headers: Mapping[str, str]) -> list[str]:
    """The models that an upstream knows; none where it does not say."""
    try:
        response = await client.models(client.dressed(headers))
        if response is None:
            return []
        raw = await client.read(response)
        return [model.id for model in msgspec.json.decode(raw, type=_List).data[:_MOST]]
    except (HeadgateError, msgspec.MsgspecError, UnicodeDecodeError):
        return []


def _page(found: Mapping[str, str]) -> dict[str, Any]:
    """The list as OpenAI's and as Anthropic's clients read it."""
    data = [
        {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": upstream,
            "type": "model",
            "display_name": name,
            "created_at": _EPOCH,
        }
        for name, upstream in found.items()
    ]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
    return {"object": "list", "data": data, "has_more": False, **ends}
