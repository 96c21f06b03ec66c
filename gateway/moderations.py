"""`POST /v1/moderations`: OpenAI's moderation endpoint, answered by the models here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..guard.weigh import weigh
from ..models.assessment import Assessment, Unjudged
from ..models.content import Part
from ..models.errors import DeadlineExceeded, NotJudged, Overloaded
from ..policies.decide import FAILURES, Decision
from ..policies.verdict import DELIVERS
from .errors import Failure, envelope, failure
from .service import Asked, Outcome, Reply, Service, serving, verdict_of
from .wire.openai_moderations import parse_moderation, response, result

NO_GUARD: Final = Failure(
    status=503,
    body=envelope(
        "the guard is off, so nothing here judges: serve with a policy", type="server_error", code="no_guard"
    ),
    kind="no_guard",
)
"""What a service answers in OpenAI's envelope where the policy is `off`."""


async def moderate(asked: Asked) -> Reply:
    """Judge every input in one batch.

    Raises NotJudged where a model failed and the policy is closed on errors: a score of zero would be a lie.
    """
    inputs = parse_moderation(asked.raw)
    assessments = await asked.guard.ajudge([part for parts in inputs for part in parts])
    results: list[dict[str, Any]] = []
    outcomes: list[Outcome] = []
    start = 0
    for parts in inputs:
        mine = assessments[start : start + len(parts)]
        start += len(parts)
        decision = weigh(asked.guard.rules, parts, mine)
        _refuse_failed(parts, mine, decision)
        results.append(result(parts, mine, decision))
        outcomes.append(Outcome(verdict=verdict_of(asked.guard.rules, decision), parts=parts, delivery="delivered"))
    body = response(asked.identity, asked.guard.rules.models, results)
    return Reply(body=body, outcomes=tuple(outcomes))


def _refuse_failed(parts: Sequence[Part], assessments: Sequence[Assessment], decision: Decision) -> None:
    closed = {missed.part for missed in decision.coverage.unjudged if missed.action not in DELIVERS}
    for part, found in zip(parts, assessments, strict=True):
        if isinstance(found, Unjudged) and found.reason in FAILURES and part.path in closed:
            raise _ERRORS.get(found.reason, NotJudged)(f"{part.path} could not be judged")


_ERRORS: Final[dict[str, type[NotJudged]]] = {kind.reason: kind for kind in (Overloaded, DeadlineExceeded)}


moderations = serving(Service(shape="moderations", work=moderate, fault=failure, off=NO_GUARD))
