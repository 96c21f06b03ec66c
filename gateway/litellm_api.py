"""`POST /beta/litellm_basic_guardrail_api`: the judge of a LiteLLM proxy."""

from __future__ import annotations

from .errors import failure
from .moderations import NO_GUARD
from .service import Asked, Outcome, Reply, Service, concluded, serving
from .wire.litellm_guardrail import parse_guardrail, reply


async def guardrail(asked: Asked) -> Reply:
    """Judge what LiteLLM is about to send, or what came back; a failed judgement follows the policy's `on_error`."""
    request = parse_guardrail(asked.raw)
    finish = await concluded(asked.guard, request.parts, responses=request.responses, made=request.made)
    outcome = Outcome(verdict=finish.verdict, parts=(*request.parts, *request.made), delivery=finish.delivery)
    return Reply(body=reply(request, finish, asked.guard.policy), outcomes=(outcome,))


litellm_guardrail = serving(Service(shape="litellm", work=guardrail, fault=failure, off=NO_GUARD))
