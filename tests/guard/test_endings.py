"""Each way to end tells what was shown and what stands in for the answer."""

from __future__ import annotations

import pytest

from headgate.guard.account import Account
from headgate.guard.answer import Reading
from headgate.guard.endings import cut, delivered, gave_up, stopped
from headgate.guard.terms import State, Terms
from headgate.models.assessment import Severity
from headgate.models.content import Text
from headgate.policies.decide import Decision
from headgate.policies.verdict import Action, Finding, Round

from .dialogue import rules

PLAIN = "version: 1\nname: e\nextends: default\n"


def found(action: Action, severity: Severity = Severity.MODERATE) -> Decision:
    finding = Finding(
        category="violence", severity=severity, confidence=0.9, threshold=0.5, part="x", rule="r", action=action
    )
    return Decision(action=action, findings=(finding,))


def state(policy: str = PLAIN, prompt: Decision | None = None, **more: object) -> State:
    terms = Terms(rules=rules(policy), **more)  # type: ignore[arg-type]
    return State(terms, prompt or Decision(), "", Account(terms.rules.policy.regenerate, terms.now))


def read(now: State, decision: Decision, **more: object) -> Reading:
    reading = Reading(decision=decision, rejected=True, whole=True, **more)  # type: ignore[arg-type]
    now.readings.append(reading)
    now.rounds.append(Round(round=len(now.rounds) + 1, strategy="request", action=decision.action))
    return reading


@pytest.mark.parametrize(("action", "delivery"), [(Action.REFUSE, "refused"), (Action.SUPPORT, "supported")])
def test_a_stopped_prompt_is_refused_or_answered_with_help(action: Action, delivery: str) -> None:
    finish = stopped(state(prompt=found(action)))
    assert (finish.delivery, finish.verdict.action) == (delivery, action)
    assert finish.message


def test_what_is_delivered_names_its_round_its_helper_and_its_rewrites() -> None:
    now = state()
    now.rewrites.append(Text(text="New.", path="rewrite[1]"))
    finish = delivered(now, read(now, Decision(), given="A helper's."))
    assert (finish.delivery, finish.round, finish.text) == ("delivered", 1, "A helper's.")
    assert finish.rewrites == tuple(now.rewrites)


def test_a_cut_answer_is_refused_and_tells_what_is_out() -> None:
    now = state(streams=True)
    now.exposed = 7
    finish = cut(now, read(now, found(Action.REGENERATE)))
    assert (finish.delivery, finish.exposed, finish.verdict.action) == ("cut", 7, Action.REFUSE)
    assert finish.message


def test_a_given_answer_keeps_its_action_and_a_drawn_one_is_refused() -> None:
    now = state(given=True)
    assert gave_up(now, read(now, found(Action.REGENERATE))).verdict.action is Action.REGENERATE
    now = state()
    finish = gave_up(now, read(now, found(Action.REGENERATE)))
    assert (finish.delivery, finish.verdict.action) == ("refused", Action.REFUSE)


def test_the_least_severe_answer_is_delivered_whole_helpers_too_and_never_of_a_stream() -> None:
    policy = PLAIN + "regenerate: {least_severe: true}\n"
    for streams, delivery in ((False, "delivered"), (True, "refused")):
        now = state(policy, streams=streams)
        read(now, found(Action.REGENERATE))
        last = read(now, found(Action.REGENERATE, Severity.MINOR), given="Milder.")
        finish = gave_up(now, last)
        assert finish.delivery == delivery
        if not streams:
            assert (finish.round, finish.text) == (2, "Milder.")
