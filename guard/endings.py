"""How an exchange ends: one function for each way, each of which makes the only Finish."""

from __future__ import annotations

from ..models.assessment import Severity
from ..policies.verdict import Action
from .answer import Reading
from .effects import Delivery, Finish
from .messages import help_lines, refusal, support
from .terms import State


def stopped(state: State, *readings: Reading) -> Finish:
    """The prompt itself is refused or answered with help; `readings` is a given answer, judged all the same."""
    delivery: Delivery = "supported" if state.prompt.action is Action.SUPPORT else "refused"
    verdict = state.verdict(*(reading.decision for reading in readings))
    return Finish(verdict=verdict, delivery=delivery, message=_prompt_message(state), exposed=state.exposed)


def delivered(state: State, reading: Reading) -> Finish:
    """The answer of the last round is the caller's."""
    return Finish(
        verdict=state.verdict(reading.decision),
        delivery="delivered",
        round=len(state.rounds),
        choice=reading.choice,
        exposed=state.exposed,
        text=reading.given,
        appendix=appendix(state),
        rewrites=tuple(state.rewrites),
    )


def appendix(state: State) -> str | None:
    """What belongs beneath an answer to a person at risk."""
    return help_lines(state.rules.policy, languages=state.languages) if state.supports else None


def cut(state: State, reading: Reading) -> Finish:
    """Part of the answer is out, so it can neither be taken back nor made again: the rest is refused."""
    return Finish(
        verdict=state.verdict(reading.decision, action=Action.REFUSE),
        delivery="cut",
        message=_rejection(state, reading),
        round=len(state.rounds),
        exposed=state.exposed,
        rewrites=tuple(state.rewrites),
    )


def gave_up(state: State, reading: Reading) -> Finish:
    """A given answer keeps the action it earned; a drawn one that could not be made safe is refused."""
    found = reading.decision
    if state.terms.given:
        return Finish(verdict=state.verdict(found), delivery="withheld", message=_rejection(state, reading))
    rewrites = tuple(state.rewrites)
    if state.supports:
        message = _rejection(state, reading)
        return Finish(verdict=state.verdict(found), delivery="supported", message=message, rewrites=rewrites)
    if least := _least_severe(state):
        kept = state.readings[least - 1]
        return Finish(
            verdict=state.verdict(kept.decision), delivery="delivered", round=least, text=kept.given, rewrites=rewrites
        )
    message = _rejection(state, reading, tried=len(state.rounds) > 1)
    verdict = state.verdict(found, action=Action.REFUSE)
    return Finish(verdict=verdict, delivery="refused", message=message, rewrites=rewrites)


def _least_severe(state: State) -> int:
    """The round whose answer did least harm, where the policy delivers minor harm in the end; 0 for none."""
    if not state.rules.policy.regenerate.least_severe or state.terms.streams:
        return 0
    minor = [
        (max((finding.confidence for finding in reading.decision.findings), default=0.0), number)
        for number, reading in enumerate(state.readings, start=1)
        if reading.whole and reading.decision.action is not Action.REFUSE and _worst(reading) is Severity.MINOR
    ]
    return min(minor)[1] if minor else 0


def _worst(reading: Reading) -> Severity:
    return max((finding.severity for finding in reading.decision.findings), default=Severity.NONE)


def _prompt_message(state: State) -> str:
    if state.prompt.action is Action.SUPPORT:
        return support(state.rules.policy, languages=state.languages)
    refused = [finding for finding in state.prompt.findings if finding.action is Action.REFUSE]
    return refusal(state.rules.policy, refused, state.prompt.coverage, languages=state.languages)


def _rejection(state: State, reading: Reading, *, tried: bool = False) -> str:
    """What is said in place of an answer that was rejected; a person at risk gets help all the same."""
    policy, found = state.rules.policy, reading.decision
    if state.supports:
        return support(policy, languages=state.languages)
    return refusal(policy, found.findings, found.coverage, tried=tried, languages=state.languages)
