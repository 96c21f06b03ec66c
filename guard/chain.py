"""Which strategy makes a rejected answer again, and what it plans."""

from __future__ import annotations

import msgspec

from ..policies.verdict import Action
from .answer import Reading
from .effects import Channel
from .strategies import STRATEGIES, Plan, Rejected
from .terms import State

FALLBACK = "guideline"
"""What a strategy falls back to whose helper model is not there, or whose answer cannot be helped."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and the strategy that made it, as the round will name it."""

    strategy: str
    plan: Plan


def next_plan(state: State, reading: Reading) -> Chosen:
    """What to do about a rejected answer: the policy's k-th strategy for the k-th regeneration, the last one repeating.

    An answer to be corrected goes to the corrector first, unless it comes from there. Nothing but a further draw can go
    on from a text that is shown already.
    """
    regenerate = state.rules.policy.regenerate
    rejected = _rejected(state, reading)
    name = _name(state, reading)
    plan = STRATEGIES[name](rejected)
    if state.kept:
        plan = Plan(guidance=plan.guidance)
    name = _told(name, plan)
    if regenerate.parallel > 1 and plan.consult is None and not state.kept:
        plan = msgspec.structs.replace(plan, n=max(plan.n or 1, regenerate.parallel))
    return Chosen(strategy=name, plan=plan)


def corrector_next(state: State) -> bool:
    """Whether the corrector may be asked about the next answer: it has to be read to its end then."""
    if "corrector" not in state.services or state.kept:
        return False
    return _due(state) == "corrector" or any(
        Action.CORRECT in row for row in state.rules.policy.matrix["output"].values()
    )


def _name(state: State, reading: Reading) -> str:
    corrected = bool(state.rounds) and state.rounds[-1].strategy == "corrector"
    if reading.decision.action is Action.CORRECT and "corrector" in state.services and not corrected and not state.kept:
        return "corrector"
    name = _due(state)
    state.regenerations += 1
    return name


def _due(state: State) -> str:
    chain = state.rules.policy.regenerate.strategy
    return chain[min(state.regenerations, len(chain) - 1)]


def _told(name: str, plan: Plan) -> str:
    """The name under which a plan is recorded: a helper's only where the helper is asked."""
    lacks = (name == "corrector" and plan.consult is None) or (name == "rewrite_prompt" and plan.rewrite is None)
    return FALLBACK if lacks else name


def _rejected(state: State, reading: Reading) -> Rejected:
    return Rejected(
        round=len(state.rounds),
        findings=reading.decision.findings,
        prompt_findings=state.steering(),
        guidelines=state.rules.policy.guidelines,
        n=state.rules.policy.regenerate.n,
        question=state.question,
        answer=_answer(reading),
        sentence=reading.sentence,
        services=state.services,
    )


def _answer(reading: Reading) -> str:
    """The text that a corrector can work on: that of an answer of one choice without tool calls, read to its end."""
    kinds = {(said.channel.choice, said.channel.kind) for said in reading.said}
    if not reading.whole or not kinds <= {(0, "content"), (0, "reasoning")}:
        return ""
    return next((said.part.text for said in reading.said if said.channel == Channel()), "")
