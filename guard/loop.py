"""The filter-and-regenerate loop: a generator that says what it wants and performs nothing.

Round 1 is the caller's request. A rejected answer is never shown; a chain of strategies says how to ask again,
thresholds tighten with each round, and it ends on a safe answer, a severe one, or when rounds, seconds, tokens, money
or the caller's time are used up. Every path returns exactly one `Finish`. What such a loop can do is a closed form: see
`guard/closed_form.py`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias

import msgspec

from ..models.content import Part, Text
from ..policies.verdict import DELIVERS, Action, Round
from .account import Account
from .answer import Reading, read_answer
from .chain import FALLBACK, Chosen, corrector_next, next_plan
from .cuts import cuts_of
from .effects import Cancel, Channel, Consult, Consulted, Effect, Finish, Generate, Judge, Release, Reply
from .endings import appendix, cut, delivered, gave_up, stopped
from .guidelines import guidance
from .history import Known, judge_history, judge_prompt, masks
from .progress import FINAL, Draw
from .strategies import Plan
from .strategies.rewrite_prompt import rewritten
from .terms import State, Terms, goes_ahead
from .weigh import Sought, question_of, weigh

__all__ = ["Steps", "Terms", "exchange"]

Steps: TypeAlias = Generator[Effect, Reply, Finish]


def exchange(terms: Terms, prompt: Sequence[Part]) -> Steps:
    """One exchange from request to verdict; the driver sends the answer to each effect back in."""
    parts = tuple(prompt)
    size = sum(len(part.text) for part in parts if isinstance(part, Text)) // 4
    account = Account(terms.rules.policy.regenerate, terms.now, deadline=terms.deadline, prompt=size)
    known: Known = {}
    sought: Sought = {}
    ahead = bool(parts) and goes_ahead(terms, parts)
    if ahead:
        # Earlier turns first: they are remembered, and one that was refused must not go upstream again.
        known = yield from judge_history(terms.rules, parts, sought=sought)
        ahead = not masks(terms.rules, parts, known, sought=sought)
    if ahead:
        yield Generate(round=1, ahead=True)
    decision = yield from judge_prompt(terms.rules, parts, known=known, sought=sought)
    state = State(terms, decision, question_of(parts), account)
    if terms.rules.policy.seeks and terms.rules.enforces:
        pii = terms.rules.policy.pii
        state.cuts = cuts_of(decision, parts, restore=pii is not None and pii.restore)
    if state.prompt.action in FINAL and terms.rules.enforces and not state.supports:
        if ahead:
            yield from _lost(state)
        return (yield from _stopped(state))
    if not terms.answers:
        return Finish(verdict=state.verdict(), delivery="delivered")
    return (yield from _rounds(state, ahead=ahead))


def _lost(state: State) -> Generator[Effect, Reply, None]:
    """The answer that was asked for ahead of the verdict is not wanted; its request was paid for."""
    yield Cancel()
    state.account.lost()


def _stopped(state: State) -> Steps:
    if state.terms.given and state.terms.answers:
        reading = yield from _draw(state, Chosen(strategy="request", plan=Plan()))
        return stopped(state, reading)
    return stopped(state)


def _rounds(state: State, *, ahead: bool) -> Steps:
    chosen = Chosen(strategy="request", plan=_first_plan(state))
    if ahead and (chosen.plan != Plan() or state.redacted()):
        yield from _lost(state)
        ahead = False
    state.account.begin()
    while True:
        reading = yield from _draw(state, chosen, ahead=ahead)
        ahead = False
        if not reading.rejected and not reading.resumes:
            yield from _appended(state, reading)
            return delivered(state, reading)
        over = reading.decision.action in FINAL or state.spent()
        if state.exposed:
            if over or not _goes_on(state, reading):
                return cut(state, reading)
            state.kept = reading.shown
        elif over:
            return gave_up(state, reading)
        if reading.resumes:
            chosen = Chosen(strategy="continue", plan=Plan(guidance=chosen.plan.guidance))
        else:
            chosen = next_plan(state, reading)


def _draw(state: State, chosen: Chosen, *, ahead: bool = False) -> Generator[Effect, Reply, Reading]:
    """Asks for an answer under the plan, reads and judges it, and writes the round down."""
    number = len(state.rounds) + 1
    plan, strategy, helped, given, prompt = chosen.plan, chosen.strategy, 0, None, None
    if plan.consult is not None:
        consulted = yield from _consult(plan.consult)
        helped, given = consulted.tokens, consulted.text or None
        strategy = strategy if given else FALLBACK
    if plan.rewrite is not None:
        consulted = yield from _consult(plan.rewrite)
        helped += consulted.tokens
        prompt = yield from _rewritten(state, consulted, number)
        strategy = strategy if prompt else FALLBACK
    if given is None and not ahead:
        yield _generate(state, plan, number, prompt)
    draw = _how(state, number, given=given, candidates=given is None and plan.n is not None)
    reading = yield from read_answer(draw)
    helped += reading.helper_tokens
    state.account.draw(reading.tokens, prompt_tokens=reading.prompt_tokens, helper_tokens=helped)
    state.corrected += reading.corrected
    state.exposed += reading.exposed
    state.readings.append(reading)
    found = reading.decision
    state.rounds.append(Round(round=number, strategy=strategy, action=found.action, findings=found.findings))
    if draw.candidates and state.terms.streams and not reading.rejected:
        yield from _release_candidate(state, reading)
    return reading


def _generate(state: State, plan: Plan, number: int, prompt: str | None) -> Generate:
    return Generate(
        round=number,
        guidance=plan.guidance,
        redact=state.redacted(),
        cuts=state.cuts,
        n=plan.n,
        prompt=prompt,
        turns=plan.turns,
        # The space at the seam is shown already, and some servers refuse a prefix that ends in one.
        prefix=state.kept.rstrip() or None,
    )


def _how(state: State, number: int, *, given: str | None, candidates: bool) -> Draw:
    """How the answer of a round is read."""
    policy, terms = state.rules.policy, state.terms
    more = len(state.rounds) + 1 < state.most_rounds
    return Draw(
        rules=state.rules,
        round=number,
        question=state.question,
        release=terms.streams and not candidates,
        candidates=candidates,
        complete=(policy.regenerate.least_severe and not terms.streams) or (more and corrector_next(state)),
        given=given,
        prefix=state.kept,
        corrections=policy.stream.corrections - state.corrected if "corrector" in state.services else 0,
        resumes=more and given is None and _can_prefill(state),
    )


def _can_prefill(state: State) -> bool:
    return state.terms.continues and state.rules.policy.stream.prefill is not None


def _goes_on(state: State, reading: Reading) -> bool:
    """Whether upstream can be asked to go on from what was shown."""
    return reading.continuable and reading.given is None and _can_prefill(state)


def _consult(request: Consult) -> Generator[Effect, Reply, Consulted]:
    consulted = yield request
    assert isinstance(consulted, Consulted)
    return consulted


def _rewritten(state: State, consulted: Consulted, number: int) -> Generator[Effect, Reply, str | None]:
    """The rewritten prompt, once it was judged fit to be asked; None where the caller's own is."""
    prompt = rewritten(state.question, consulted.text)
    if prompt is None:
        return None
    part = Text(text=prompt, path=f"rewrite[{number}]")
    assessments = yield Judge(parts=(part,))
    assert isinstance(assessments, tuple)
    decision = weigh(state.rules, (part,), assessments)
    missed = any(miss.action not in DELIVERS for miss in decision.coverage.unjudged)
    if state.rules.enforces and (missed or decision.action in FINAL or decision.action is Action.REDACT):
        return None
    state.rewrites.append(part)
    return prompt


def _first_plan(state: State) -> Plan:
    if state.prompt.action < Action.GUIDELINE or not state.rules.enforces:
        return Plan()
    risky = state.steering()
    return (
        Plan(guidance=guidance(risky, own=state.rules.policy.guidelines, question=state.question)) if risky else Plan()
    )


def _appended(state: State, reading: Reading) -> Generator[Effect, Reply, None]:
    """Shows whom a person at risk can call, beneath each choice of a streamed answer."""
    words = appendix(state)
    if words is None or not state.terms.streams:
        return
    whole = reading.choice is None and reading.given is None
    for choice in sorted({said.channel.choice for said in reading.said}) if whole else (0,):
        yield Release(Channel(choice), f"\n\n{words}")


def _release_candidate(state: State, reading: Reading) -> Generator[Effect, Reply, None]:
    for said in reading.said:
        if said.channel.choice == reading.choice:
            state.exposed += len(said.part.text)
            yield Release(msgspec.structs.replace(said.channel, choice=0), said.part.text)
