"""`POST /v1/check`: the verdict about a prompt, a conversation, an answer, or a list of such."""

from __future__ import annotations

import asyncio

from .errors import failure
from .moderations import NO_GUARD
from .service import Asked, Outcome, Reply, Service, outcome_of, serving
from .wire.check import Check, parse_checks


async def check(asked: Asked) -> Reply:
    """The verdicts in order, each with the bytes of `Verdict.to_json`; what was not judged stands in its coverage."""
    checks = parse_checks(asked.raw)
    outcomes = await asyncio.gather(*(_judged(asked, item) for item in checks.items))
    bodies = [outcome.verdict.to_json() for outcome in outcomes]
    return Reply(body=b"[%s]" % b",".join(bodies) if checks.listed else bodies[0], outcomes=tuple(outcomes))


async def _judged(asked: Asked, item: Check) -> Outcome:
    responses = [] if item.response is None else [item.response]
    return outcome_of(await asked.guard.aconclude(item.parts, responses=responses), item.parts)


check_api = serving(Service(shape="check", work=check, fault=failure, off=NO_GUARD))
