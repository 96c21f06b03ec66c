from __future__ import annotations

import pytest

from headgate.policies.compile import load_policy, parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.thresholds import nominal
from headgate.policies.tighten import loosened

GIVEN = """version: 1
mode: enforce
input: {minor: flag, moderate: guideline, severe: refuse}
thresholds: {default: 0.5, violence: 0.6}
sampling: {temperature: {max: 1}, drop: [logit_bias], system: "Be kind."}
stream: {max_exposed_chars: 10}
regenerate: {rounds: 3, tighten: true}
"""


def policy(change: str = "") -> CompiledPolicy:
    lines = [line for line in GIVEN.splitlines() if line.split(":")[0] != change.split(":")[0]]
    return parse_policy("\n".join([*lines, change, ""]))


def weaker(given: CompiledPolicy, asked: CompiledPolicy) -> tuple[str, ...]:
    return loosened(given, asked, given_at=nominal(given.thresholds), asked_at=nominal(asked.thresholds))


def test_a_policy_is_no_weaker_than_itself() -> None:
    assert weaker(policy(), policy()) == ()


@pytest.mark.parametrize(
    "change",
    [
        "input: {minor: refuse, moderate: refuse, severe: refuse}",
        "thresholds: {default: 0.4, violence: 0.6}",
        "sampling: {temperature: {max: 0.5}, drop: [logit_bias, seed], system: Be kind.}",
        "stream: {max_exposed_chars: 0}",
        "regenerate: {rounds: 1, tighten: true}",
        "on_unjudged: strict",
    ],
)
def test_whatever_lets_less_through_may_be_asked_for(change: str) -> None:
    assert weaker(policy(), policy(change)) == ()


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ("mode: monitor", "mode"),
        ("input: {minor: allow, moderate: guideline, severe: refuse}", "categories.violence.input"),
        ("thresholds: {default: 0.6, violence: 0.6}", "thresholds.default"),
        ("thresholds: {default: 0.5, violence: 0.7}", "thresholds.violence"),
        ("thresholds: {default: 0.5}", "thresholds.violence"),
        ("sampling: {temperature: {max: 2}, drop: [logit_bias], system: Be kind.}", "sampling.temperature"),
        ("sampling: {temperature: {max: 1}, drop: [], system: Be kind.}", "sampling.drop"),
        ("sampling: {temperature: {max: 1}, drop: [logit_bias], system: Be bad.}", "sampling.system"),
        ("stream: {max_exposed_chars: 11}", "stream.max_exposed_chars"),
        ("regenerate: {rounds: 4, tighten: true}", "regenerate.rounds"),
        ("regenerate: {rounds: 3, tighten: false}", "regenerate.tighten"),
        ("regenerate: {rounds: 3, least_severe: true}", "regenerate.least_severe"),
        ("on_unjudged: {text: flag}", "on_unjudged.text"),
        ("on_error: open", "on_error"),
        ("speculate: true", "speculate"),
    ],
)
def test_whatever_lets_more_through_is_named(change: str, key: str) -> None:
    assert key in weaker(policy(), policy(change))


def test_strikes_that_bar_may_not_be_asked_away() -> None:
    barring = policy("strikes: {refuse: [{points: 10, seconds: 600}]}")
    assert weaker(barring, policy()) == ("strikes",)
    assert weaker(policy(), barring) == ()


def test_strict_may_be_asked_for_in_place_of_default_and_not_the_other_way_round() -> None:
    default, strict = load_policy("default"), load_policy("strict")
    assert weaker(default, strict) == ()
    assert weaker(strict, default)


@pytest.mark.parametrize(
    ("given", "asked", "named"),
    [
        ("rules: {a: {when: {tool: x}, action: refuse}}", "", "rules"),
        ("", "exceptions: {a: {when: {tenant: x}, reason: b, expires: '2099-01-01'}}", "exceptions"),
        ("lists: {a: {words: [x], action: refuse}}", "", "lists"),
        ("", "lists: {a: {words: [x], allow: true}}", "lists"),
        ("custom: {a: {examples: [x], action: refuse}}", "", "custom"),
        ("pii: {kinds: [email]}", "", "pii"),
        ("pii: {kinds: [email]}", "pii: {kinds: [email], input: flag}", "pii"),
        ("tenants: {a: {mode: enforce}}", "", "tenants"),
    ],
)
def test_what_is_listed_ruled_or_excused_counts_too(given: str, asked: str, named: str) -> None:
    one, other = policy(given), policy(asked)
    assert weaker(one, other) == (named,)
    assert weaker(one, one) == ()
