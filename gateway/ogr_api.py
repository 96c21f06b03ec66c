"""`POST /v1/evaluate` and its kin: the decision point of OpenGuardrails' integrations."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import msgspec

from ..models.errors import HeadgateError, InputError, NotJudged, Overloaded
from .asgi import JSON, ClientGone, Encoded, Receive, Scope, Send, TooLarge, answer, read_body
from .errors import Failure
from .health import Readiness
from .service import Asked, Outcome, Reply, Service, concluded, serving
from .state import Gateway
from .wire.ogr import InvalidEvent, parse_event, parse_heartbeat, verdict_body

_NO_GUARD: Final = Failure(status=503, body=b'{"error":"no_guard"}', kind="no_guard")


async def decide(asked: Asked) -> Reply:
    """One event in, one verdict out; the event is recorded like every exchange."""
    event = parse_event(asked.raw)
    payload = event.payload
    finish = await concluded(asked.guard, payload.parts, responses=payload.responses, made=payload.made)
    parts = (*payload.parts, *payload.made)
    body = verdict_body(event, finish, asked.guard.policy, identity=asked.identity, latency_ms=asked.milliseconds)
    return Reply(body=body, outcomes=(Outcome(verdict=finish.verdict, parts=parts, delivery=finish.delivery),))


async def heartbeat(gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
    """Says that it was heard, and how large an event may be; nothing is kept of it."""
    limit = gateway.settings.max_body
    try:
        parse_heartbeat(await read_body(scope, receive, limit=limit))
    except ClientGone:
        return
    except InputError as error:
        found = fault(error)
        await answer(send, found.status, found.body, [JSON, *found.headers])
        return
    await answer(send, 200, msgspec.json.encode({"ok": True, "limits": {"max_request_bytes": limit}}))


async def health(gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
    """Whether events can be decided: there is a guard, and its models judge a known-bad text right."""
    ready = gateway.guard is not None and (await Readiness(gateway).report())["ready"]
    body: dict[str, Any] = {"status": "ok" if ready else "error", "version": version("headgate")}
    await answer(send, 200 if ready else 503, msgspec.json.encode(body), [JSON])


def fault(error: HeadgateError) -> Failure:
    """An error in OGR's shape; integrations read the status and apply their fail mode to a 5xx."""
    match error:
        case TooLarge():
            return _large(error)
        case Encoded():
            return _failure(415, "unsupported_encoding", message=str(error))
        case InvalidEvent(issues=issues):
            return _failure(400, "invalid_event", details=issues)
        case InputError():
            return _failure(400, "invalid_body", message=str(error))
        case NotJudged(reason=reason):
            retry = [(b"retry-after", b"1")] if isinstance(error, Overloaded) else []
            found = _failure(503, "not_judged", reason=reason)
            return msgspec.structs.replace(found, headers=retry, kind="not_judged")
        case _:
            return msgspec.structs.replace(_failure(500, "internal_error"), kind="error")


def _failure(status: int, error: str, **more: Any) -> Failure:
    return Failure(status=status, body=msgspec.json.encode({"error": error, **more}), kind="bad_request")


def _large(error: HeadgateError) -> Failure:
    return _failure(413, "payload_too_large", message=str(error))


evaluate = serving(Service(shape="ogr", work=decide, fault=fault, off=_NO_GUARD))
