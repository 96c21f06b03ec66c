"""Embeddings, images and videos, whose answers nobody makes again: judged, asked for once, and judged again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from ..guard.guard import Guard
from ..guard.language import languages
from ..guard.messages import refusal, support
from ..guard.places import masked
from ..guard.record import new_id
from ..guard.weigh import weigh
from ..models.content import Part, Text
from ..models.errors import HeadgateError
from ..policies.verdict import Action, Round, Verdict
from .asgi import JSON, ClientGone, Headers, Receive, Scope, Send, answer, read_body
from .circumstances import placed
from .errors import Failure, failure, internal, json_headers
from .exchange import unless_gone
from .headers import verdict_headers, wishes
from .providers import Api
from .service import together, verdict_of
from .state import Gateway, unfinished
from .upstream import callers
from .wire.openai_chat_whole import filter_result
from .wire.openai_embeddings import DirectRequest, parse_embeddings, read_vectors
from .wire.openai_images import parse_images, read_images
from .wire.openai_videos import parse_videos, read_videos

log = logging.getLogger("headgate")


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What upstream made, as the caller may have it, and the parts of it that are to be judged first."""

    body: bytes
    parts: tuple[Part, ...] = ()
    usage: dict[str, Any] | None = None


class Surface(msgspec.Struct, frozen=True, kw_only=True):
    """One route: its path, its name in metrics and among what upstreams speak, and how it is read."""

    path: str
    shape: Api
    parse: Callable[[bytes], DirectRequest]
    read: Callable[[bytes, DirectRequest], Made]


def _vectors(raw: bytes, asked: DirectRequest) -> Made:
    found = read_vectors(raw)
    return Made(body=found.body, usage=found.usage)


def _images(raw: bytes, asked: DirectRequest) -> Made:
    found = read_images(raw, prompt=str(asked.body["prompt"]))
    return Made(body=found.body, parts=found.parts, usage=found.usage)


def _videos(raw: bytes, asked: DirectRequest) -> Made:
    found = read_videos(raw, prompt=str(asked.body["prompt"]))
    return Made(body=found.body, parts=found.parts, usage=found.usage)


EMBEDDINGS: Final = Surface(path="/embeddings", shape="embeddings", parse=parse_embeddings, read=_vectors)
IMAGES: Final = Surface(path="/images/generations", shape="images", parse=parse_images, read=_images)
VIDEOS: Final = Surface(path="/videos", shape="videos", parse=parse_videos, read=_videos)

_FORCED: Final = {"refused": Action.REFUSE, "supported": Action.SUPPORT}


class _Call:
    """One request from its parsing to its record; times in seconds on time.perf_counter."""

    def __init__(self, gateway: Gateway, guard: Guard, surface: Surface, asked: DirectRequest, scope: Scope) -> None:
        self.gateway = gateway
        self.guard = guard
        self.surface = surface
        self.asked = asked
        self.identity = new_id()
        self.way = gateway.upstreams.way(surface.shape, asked.body)
        self.headers = callers(scope)
        self.returned: Headers = []
        self.parts = asked.parts
        self.upstream = 0.0
        self.usage: dict[str, Any] | None = None
        said = next((part.text for part in asked.parts if isinstance(part, Text)), "")
        self.languages = languages(wishes(scope["headers"], stream=False).language, said)
        self._began = time.perf_counter()

    @property
    def added(self) -> float:
        """Seconds since the request came, without those that upstream took."""
        return max(0.0, time.perf_counter() - self._began - self.upstream)

    def note(self, verdict: Verdict, delivery: str) -> None:
        """Count and record the outcome."""
        metrics, added = self.gateway.metrics, self.added
        metrics.finished(verdict, shape=self.surface.shape, delivery=delivery, added=added, upstream=self.upstream)
        self.record(verdict, delivery)

    def record(self, verdict: Verdict, delivery: str) -> None:
        """Write the audit record."""
        self.gateway.record(
            verdict,
            self.parts,
            identity=self.identity,
            delivery=delivery,
            added=self.added,
            upstream=self.upstream,
            exposed=0,
            usage=self.usage,
        )


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves, and what is counted and recorded of it."""

    status: int
    body: bytes
    verdict: Verdict
    delivery: str


async def guarded_direct(
    gateway: Gateway, guard: Guard, surface: Surface, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request; a refusal is a 400 with the code `content_policy_violation`, as image APIs have it."""
    try:
        raw = await read_body(scope, receive, limit=gateway.settings.max_body)
        asked = surface.parse(raw)
        guard = placed(guard, scope, body=asked.body, tenant=gateway.settings.tenant)
        call = _Call(gateway, guard, surface, asked, scope)
    except ClientGone:
        return
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        await _fail(gateway, surface, send, _known(error))
        return
    with gateway.metrics.active.track_inprogress():
        await _answer(call, scope, receive, send)


async def _answer(call: _Call, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        outcome = await unless_gone(_outcome(call), receive, scope)
    except ClientGone:
        call.note(unfinished(call.guard, call.parts, reason="client_gone"), "client_gone")
    except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never an answer
        await _fail(call.gateway, call.surface, send, _known(error), headers=call.returned)
        call.record(unfinished(call.guard, call.parts, reason="error"), "withheld")
    else:
        head = verdict_headers(outcome.verdict, identity=call.identity, added_ms=call.added * 1000)
        await answer(send, outcome.status, outcome.body, [JSON, *call.returned, *head])
        call.note(outcome.verdict, outcome.delivery)


async def _outcome(call: _Call) -> _Outcome:
    """Judges the request, asks upstream where it may pass, and judges what was made."""
    guard, asked = call.guard, call.asked
    finish = await guard.aconclude(asked.parts)
    if finish.delivery == "supported":
        words = support(guard.policy, languages=call.languages)
        return _refused(call, finish.verdict, words, delivery="supported", param=asked.param)
    hidden = _redacted(finish.verdict) if guard.rules.enforces else ()
    # A part that is no text cannot be masked, so it is kept from upstream with all the rest.
    unmaskable = any(not isinstance(part, Text) and part.path in hidden for part in asked.parts)
    if finish.delivery != "delivered" or unmaskable:
        return _refused(call, finish.verdict, _words(call, finish.verdict), param=asked.param)
    body = masked(asked.body, hidden) if hidden else asked.body
    made = call.surface.read(await _ask(call, msgspec.json.encode(body)), asked)
    call.usage = made.usage
    verdict = msgspec.structs.replace(finish.verdict, rounds=(Round(round=1, strategy="request", action=Action.ALLOW),))
    if not made.parts:
        return _Outcome(status=200, body=made.body, verdict=verdict, delivery="delivered")
    call.parts = (*asked.parts, *made.parts)
    decision = weigh(guard.rules, made.parts, await guard.ajudge(made.parts))
    drawn = Round(round=1, strategy="request", action=decision.action, findings=decision.findings)
    verdict = together([finish.verdict, verdict_of(guard.rules, decision)])
    verdict = msgspec.structs.replace(verdict, rounds=(drawn,))
    if guard.rules.rejects(decision.action):
        return _refused(call, verdict, _words(call, verdict))
    return _Outcome(status=200, body=made.body, verdict=verdict, delivery="delivered")


async def _ask(call: _Call, body: bytes) -> bytes:
    """Upstream's answer; UpstreamError with its status and body where that is none."""
    began = time.perf_counter()
    try:
        reached = await call.way.ask(lambda leg: leg.said(body), call.headers)
        client, response = reached.leg.client, reached.response
        call.returned = client.returned(response.raw_headers)
        raw = await client.read(response)
    finally:
        call.upstream += time.perf_counter() - began
    if response.status != 200:
        raise reached.leg.failure(response.status, raw)
    return raw


def _redacted(verdict: Verdict) -> tuple[str, ...]:
    found = [finding.part for finding in verdict.findings if finding.action is Action.REDACT]
    missed = [miss.part for miss in verdict.coverage.unjudged if miss.action is Action.REDACT]
    return tuple(dict.fromkeys([*found, *missed]))


def _words(call: _Call, verdict: Verdict) -> str:
    return refusal(call.guard.policy, verdict.findings, verdict.coverage, languages=call.languages)


def _refused(
    call: _Call, verdict: Verdict, message: str, *, delivery: str = "refused", param: str | None = None
) -> _Outcome:
    error = {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": "content_policy_violation",
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": filter_result(verdict.findings),
        },
    }
    body = msgspec.json.encode({"error": error})
    verdict = msgspec.structs.replace(verdict, action=max(verdict.action, _FORCED[delivery]))
    return _Outcome(status=400, body=body, verdict=verdict, delivery=delivery)


def _known(error: Exception) -> Failure:
    if isinstance(error, HeadgateError):
        return failure(error)
    # The kind alone: a foreign error's text may quote content.
    log.error("a request failed: %s", type(error).__name__)
    return internal()


async def _fail(
    gateway: Gateway, surface: Surface, send: Send, found: Failure, *, headers: Headers | None = None
) -> None:
    gateway.metrics.failed(found.kind, shape=surface.shape, status=found.status)
    await answer(send, found.status, found.body, [*json_headers(found), *(headers or ())])
