"""A route that judges what it is sent and asks no upstream: read, judge, count, record, and answer in a dialect."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias

import msgspec

from ..guard.conversation import Message
from ..guard.effects import Delivery, Finish
from ..guard.guard import Guard
from ..guard.record import new_id
from ..guard.weigh import Rules, weigh
from ..models.content import Part
from ..models.errors import HeadgateError
from ..policies.decide import Decision
from ..policies.verdict import Action, Coverage, Verdict
from .asgi import JSON, ClientGone, Headers, Receive, Scope, Send, answer, read_body
from .circumstances import placed
from .errors import Failure
from .exchange import unless_gone
from .headers import verdict_headers
from .state import Gateway

log = logging.getLogger("headgate")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request as a service sees it: the guard in force when it came, its body, its id, and when it came.

    `began` is on time.perf_counter.
    """

    guard: Guard
    raw: bytes
    identity: str
    began: float

    @property
    def milliseconds(self) -> float:
        """How long it has taken by now."""
        return (time.perf_counter() - self.began) * 1000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about one thing that was asked, and the parts it is about."""

    verdict: Verdict
    parts: tuple[Part, ...]
    delivery: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The answer's body, and what is counted and recorded of it."""

    body: bytes
    outcomes: tuple[Outcome, ...]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One dialect: `shape` names it in metrics, `work` answers, `fault` and `off` say in it why nothing was judged."""

    shape: str
    work: Callable[[Asked], Coroutine[Any, Any, Reply]]
    fault: Callable[[HeadgateError], Failure]
    off: Failure


Handler: TypeAlias = Callable[[Gateway, Scope, Receive, Send], Awaitable[None]]


def serving(service: Service) -> Handler:
    """The ASGI handler of a service; whatever fails becomes an error in its dialect, and never a verdict."""

    async def handle(gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with gateway.metrics.active.track_inprogress():
                await _answered(gateway, service, scope, receive, send)
        except ClientGone:
            return
        except HeadgateError as error:
            await _fail(gateway, service, send, service.fault(error))
        except Exception as error:  # noqa: BLE001 - the last door: an unknown fault is an error, never a verdict
            # The kind alone: a foreign error's text may quote content.
            log.error("a %s request failed: %s", service.shape, type(error).__name__)
            await _fail(gateway, service, send, service.fault(HeadgateError("an internal error")))

    return handle


async def concluded(
    guard: Guard, parts: Sequence[Part], *, responses: Sequence[str | Message] = (), made: Sequence[Part] = ()
) -> Finish:
    """The end of an exchange that is there already: a request, or the choices of an answer with what was `made` beside.

    What was made (an image) is judged as an answer: unlike an earlier turn it is about to be shown.
    """
    finish = await guard.aconclude(parts, responses=responses)
    if not made:
        return finish
    verdict = verdict_of(guard.rules, weigh(guard.rules, made, await guard.ajudge(made)))
    whole = together([finish.verdict, verdict])
    delivery: Delivery = finish.delivery
    if delivery == "delivered" and not verdict.delivers:
        delivery = "withheld"
    return msgspec.structs.replace(finish, verdict=whole, delivery=delivery)


def verdict_of(rules: Rules, decision: Decision) -> Verdict:
    """The verdict that a decision alone amounts to."""
    policy = rules.policy
    return Verdict(
        action=decision.action,
        findings=decision.findings,
        coverage=decision.coverage,
        policy=policy.name,
        policy_hash=policy.hash,
        models=rules.models,
        mode=policy.mode,
    )


def outcome_of(finish: Finish, parts: Sequence[Part]) -> Outcome:
    """The outcome of an exchange that the loop has ended."""
    return Outcome(verdict=finish.verdict, parts=tuple(parts), delivery=finish.delivery)


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict that stands for all, for headers: the strongest action, and the parts of all."""
    if len(verdicts) == 1:
        return verdicts[0]
    first = verdicts[0]
    return Verdict(
        action=max((verdict.action for verdict in verdicts), default=Action.ALLOW),
        findings=tuple(finding for verdict in verdicts for finding in verdict.findings),
        coverage=Coverage(
            judged=tuple(path for verdict in verdicts for path in verdict.coverage.judged),
            unjudged=tuple(missed for verdict in verdicts for missed in verdict.coverage.unjudged),
            by={part: who for verdict in verdicts for part, who in verdict.coverage.by.items()},
            degraded=tuple(one for verdict in verdicts for one in verdict.coverage.degraded),
        ),
        policy=first.policy,
        policy_hash=first.policy_hash,
        models=first.models,
        rounds=tuple(one for verdict in verdicts for one in verdict.rounds),
        mode=first.mode,
    )


async def _answered(gateway: Gateway, service: Service, scope: Scope, receive: Receive, send: Send) -> None:
    # The guard of this moment: a reload in between is for the next request.
    guard = gateway.guard
    raw = await read_body(scope, receive, limit=gateway.settings.max_body)
    if guard is None:
        await _fail(gateway, service, send, service.off)
        return
    guard = placed(guard, scope, tenant=gateway.settings.tenant)
    asked = Asked(guard=guard, raw=raw, identity=new_id(), began=time.perf_counter())
    reply = await unless_gone(service.work(asked), receive, scope)
    added = asked.milliseconds
    verdict = together([outcome.verdict for outcome in reply.outcomes])
    head: Headers = [JSON, *verdict_headers(verdict, identity=asked.identity, added_ms=added)]
    await answer(send, 200, reply.body, head)
    for outcome in reply.outcomes:
        _note(gateway, service, asked, outcome, added=added / 1000)


def _note(gateway: Gateway, service: Service, asked: Asked, outcome: Outcome, *, added: float) -> None:
    gateway.metrics.finished(outcome.verdict, shape=service.shape, delivery=outcome.delivery, added=added, upstream=0.0)
    gateway.record(
        outcome.verdict,
        outcome.parts,
        identity=asked.identity,
        delivery=outcome.delivery,
        added=added,
        upstream=0.0,
        exposed=0,
    )


async def _fail(gateway: Gateway, service: Service, send: Send, found: Failure) -> None:
    gateway.metrics.failed(found.kind, shape=service.shape, status=found.status)
    await answer(send, found.status, found.body, [JSON, *found.headers])
