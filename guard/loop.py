"""The filter-and-regenerate loop: a generator that says what it wants and performs nothing.

Round 1 is the caller's request. A rejected answer is never shown; the strategy says how to ask again, thresholds
tighten with each round, and it ends on a safe answer, a severe one, or when rounds, seconds or tokens are used up.
Every path returns exactly one `Finish`. What such a loop can do is a closed form: see
`guard/closed_form.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias

import msgspec

from ..models.assessment import Severity
from ..models.content import Part, Text
from ..policies.decide import Decision
from ..policies.verdict import Action, Finding, Round, Verdict
from .answer import Draw, Reading, read_answer
from .effects import Channel, Delivery, Effect, Finish, Generate, Judge, Release, Reply
from .guidelines import guidance
from .messages import refusal, support
from .strategies import STRATEGIES, Plan, Rejected
from .weigh import Rules, merged, question_of, weigh_prompt

Steps: TypeAlias = Generator[Effect, Reply, Finish]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What kind of exchange this is.

    `answers`: there is an upstream, or a given answer. `given`: the answer is given, so it is judged even when the
    prompt is refused, and cannot be made again. `streams`: accepted text is released while the rest is still made.
    """

    rules: Rules
    answers: bool = True
    given: bool = False
    streams: bool = False
    now: Callable[[], float] = time.monotonic


class _State:
    """What an exchange has come to so far."""

    def __init__(self, terms: Terms, prompt: Decision, question: str) -> None:
        self.terms = terms
        self.rules = terms.rules
        self.prompt = prompt
        self.question = question
        self.rounds: list[Round] = []
        self.readings: list[Reading] = []
        self.tokens = 0
        self.started = terms.now()

    def verdict(self, *decisions: Decision, action: Action | None = None) -> Verdict:
        """The verdict about the prompt and these decisions; its action is the strongest of all that was done."""
        whole = merged([self.prompt, *decisions])
        done = [whole.action, *(round.action for round in self.rounds), *([action] if action else [])]
        return Verdict(
            action=max(done),
            findings=whole.findings,
            coverage=whole.coverage,
            policy=self.rules.policy.name,
            policy_hash=self.rules.policy.hash,
            models=self.rules.models,
            rounds=tuple(self.rounds),
            mode=self.rules.policy.mode,
        )

    def spent(self) -> bool:
        """Whether the budget of rounds, seconds or tokens is used up."""
        plan = self.rules.policy.regenerate
        return (
            self.terms.given
            or len(self.rounds) >= plan.rounds
            or (plan.seconds is not None and self.terms.now() - self.started >= plan.seconds)
            or (plan.tokens is not None and self.tokens >= plan.tokens)
        )


def exchange(terms: Terms, prompt: Sequence[Part]) -> Steps:
    """One exchange from request to verdict; the driver sends the answer to each effect back in."""
    parts = tuple(prompt)
    assessments: Reply = ()
    if parts:
        assessments = yield Judge(parts=parts)
    assert isinstance(assessments, tuple)
    state = _State(terms, weigh_prompt(terms.rules, parts, assessments), question_of(parts))
    if state.prompt.action in (Action.REFUSE, Action.SUPPORT) and terms.rules.enforces:
        return (yield from _stopped_at_the_prompt(state))
    if not terms.answers:
        return Finish(verdict=state.verdict(), delivery="delivered")
    return (yield from _rounds(state))


def _stopped_at_the_prompt(state: _State) -> Steps:
    if state.terms.given and state.terms.answers:
        reading = yield from _draw(state, Plan())
        verdict = state.verdict(reading.decision)
    else:
        verdict = state.verdict()
    delivery: Delivery = "supported" if state.prompt.action is Action.SUPPORT else "refused"
    return Finish(verdict=verdict, delivery=delivery, message=_prompt_message(state))


def _rounds(state: _State) -> Steps:
    plan = _first_plan(state)
    while True:
        reading = yield from _draw(state, plan)
        state.tokens += reading.tokens
        if not reading.rejected:
            return _delivered(state, reading)
        if reading.exposed:
            return _cut(state, reading)
        if reading.decision.action in (Action.REFUSE, Action.SUPPORT) or state.spent():
            return _gave_up(state, reading)
        plan = _next_plan(state, reading)


def _draw(state: _State, plan: Plan) -> Generator[Effect, Reply, Reading]:
    """Asks for an answer under the plan, reads and judges it, and writes the round down."""
    number = len(state.rounds) + 1
    candidates = plan.n is not None
    yield Generate(round=number, guidance=plan.guidance, redact=_redacted(state), n=plan.n)
    draw = Draw(
        rules=state.rules,
        round=number,
        question=state.question,
        release=state.terms.streams and not candidates,
        candidates=candidates,
        complete=state.rules.policy.regenerate.least_severe and not state.terms.streams,
    )
    reading = yield from read_answer(draw)
    decision = reading.decision
    strategy = "request" if number == 1 else state.rules.policy.regenerate.strategy
    state.readings.append(reading)
    state.rounds.append(Round(round=number, strategy=strategy, action=decision.action, findings=decision.findings))
    if candidates and state.terms.streams and not reading.rejected:
        yield from _release_candidate(reading)
    return reading


def _first_plan(state: _State) -> Plan:
    if state.prompt.action < Action.GUIDELINE or not state.rules.enforces:
        return Plan()
    risky = _steering(state)
    return Plan(guidance=guidance(risky, own=state.rules.policy.guidelines)) if risky else Plan()


def _next_plan(state: _State, reading: Reading) -> Plan:
    regenerate = state.rules.policy.regenerate
    rejected = Rejected(
        round=len(state.rounds),
        findings=reading.decision.findings,
        prompt_findings=_steering(state),
        guidelines=state.rules.policy.guidelines,
        n=regenerate.n,
    )
    return STRATEGIES[regenerate.strategy](rejected)


def _steering(state: _State) -> tuple[Finding, ...]:
    return tuple(finding for finding in state.prompt.findings if finding.action is Action.GUIDELINE)


def _redacted(state: _State) -> tuple[str, ...]:
    if not state.rules.enforces:
        return ()
    found = [finding.part for finding in state.prompt.findings if finding.action is Action.REDACT]
    missed = [miss.part for miss in state.prompt.coverage.unjudged if miss.action is Action.REDACT]
    return tuple(dict.fromkeys([*found, *missed]))


def _release_candidate(reading: Reading) -> Generator[Effect, Reply, None]:
    for part in reading.texts:
        channel = _channel(part)
        if channel.choice == reading.choice:
            yield Release(msgspec.structs.replace(channel, choice=0), part.text)


def _channel(part: Text) -> Channel:
    choice = int(part.path[len("response[") : part.path.index("]")])
    rest = part.path.split(".", 1)[1]
    if rest.startswith("tool_calls["):
        return Channel(choice, "tool_call", int(rest[len("tool_calls[") : rest.index("]")]))
    return Channel(choice, "reasoning" if rest == "reasoning" else "refusal" if rest == "refusal" else "content")


def _delivered(state: _State, reading: Reading) -> Finish:
    return Finish(
        verdict=state.verdict(reading.decision),
        delivery="delivered",
        round=len(state.rounds),
        choice=reading.choice,
        exposed=reading.exposed,
    )


def _cut(state: _State, reading: Reading) -> Finish:
    """Part of the answer is out, so it can neither be taken back nor made again: the rest is refused."""
    return Finish(
        verdict=state.verdict(reading.decision, action=Action.REFUSE),
        delivery="cut",
        message=refusal(state.rules.policy, reading.decision.findings, reading.decision.coverage),
        round=len(state.rounds),
        exposed=reading.exposed,
    )


def _gave_up(state: _State, reading: Reading) -> Finish:
    """A given answer keeps the action it earned; a drawn one that could not be made safe is refused."""
    if state.terms.given:
        message = refusal(state.rules.policy, reading.decision.findings, reading.decision.coverage)
        return Finish(verdict=state.verdict(reading.decision), delivery="withheld", message=message)
    if least := _least_severe(state):
        decision = state.readings[least - 1].decision
        return Finish(verdict=state.verdict(decision), delivery="delivered", round=least)
    message = refusal(
        state.rules.policy, reading.decision.findings, reading.decision.coverage, tried=len(state.rounds) > 1
    )
    return Finish(verdict=state.verdict(reading.decision, action=Action.REFUSE), delivery="refused", message=message)


def _least_severe(state: _State) -> int:
    """The round whose answer did least harm, where the policy delivers minor harm in the end; 0 for none."""
    if not state.rules.policy.regenerate.least_severe:
        return 0
    minor = [
        (max((finding.confidence for finding in reading.decision.findings), default=0.0), number)
        for number, reading in enumerate(state.readings, start=1)
        if reading.whole and reading.decision.action is not Action.REFUSE and _worst(reading) is Severity.MINOR
    ]
    return min(minor)[1] if minor else 0


def _worst(reading: Reading) -> Severity:
    return max((finding.severity for finding in reading.decision.findings), default=Severity.NONE)


def _prompt_message(state: _State) -> str:
    if state.prompt.action is Action.SUPPORT:
        return support(state.rules.policy)
    refused = [finding for finding in state.prompt.findings if finding.action is Action.REFUSE]
    return refusal(state.rules.policy, refused, state.prompt.coverage)
