from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.limits import (
    ask_of,
    denial,
    entry_of,
    held,
    limit_headers,
    struck_severity,
    subject_of,
    used_tokens,
)
from headgate.gateway.sketch import Sketch
from headgate.gateway.ticket import Caller, Ticket, Usage
from headgate.guard.limit import parse_limits
from headgate.guard.store.protocol import Admission, Standing, Window
from headgate.models.assessment import Severity
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Finding, Round, Verdict

NOW = 1_800_000_000.0
POLICY = parse_policy(
    "version: 1\nstrikes: {severe: 10, refuse: [{points: 30, seconds: 60}, {points: 10, seconds: 6}]}\n"
)


def caller(*shared: str, own: tuple[str, ...] = (), key: str | None = "k1") -> Caller:
    return Caller(tenant="acme", key=key, own=parse_limits(own), shared=parse_limits(shared))


def verdict(part: str = "messages[0].content", action: Action = Action.REFUSE, **more: object) -> Verdict:
    finding = Finding(
        category="violence",
        severity=Severity.SEVERE,
        confidence=0.9,
        threshold=0.5,
        part=part,
        rule="input.severe",
        action=action,
    )
    return Verdict(action=action, findings=(finding,), **more)  # type: ignore[arg-type]


def test_the_same_limit_of_key_and_tenant_is_counted_under_two_keys() -> None:
    limits = held(caller("requests=9/m", own=("requests=9/m",)))
    assert len({one.key for one in limits}) == 2
    assert all(one.key.startswith("{acme}:") for one in limits)


def test_a_user_is_struck_before_a_key_and_nobody_where_there_is_neither() -> None:
    assert subject_of(caller(), "digest") == "{acme}:s:u:digest"
    assert subject_of(caller(), "") == "{acme}:s:k:k1"
    assert subject_of(caller(key=None), "") is None


def test_a_request_costs_one_its_estimate_and_money_that_nobody_knows_yet() -> None:
    who = caller("requests=9/m", "tokens=99/m", "money=1/d", "variants=2/h")
    ask = ask_of(who, held(who), Sketch(tokens=7, prompt="p", sampling="s"), None)
    assert [charge.cost for charge in ask.charges] == [1, 7, 0]
    assert [variant.member for variant in ask.variants] == ["s"]
    assert ask.bars == ()


def test_steps_are_asked_for_only_where_the_policy_bars() -> None:
    who = caller()
    assert ask_of(who, (), Sketch(), POLICY).bars[0].key == "{acme}:s:k:k1"
    assert ask_of(who, (), Sketch(), parse_policy("version: 1\n")).bars == ()


@pytest.mark.parametrize(
    ("ticket", "tokens"),
    [
        (Ticket(caller=caller(), reserved=7, usage=Usage(prompt=10, completion=5)), [8]),
        (Ticket(caller=caller(), reserved=7, status=502), [-7]),
        (Ticket(caller=caller(), reserved=7, status=200, verdict=verdict()), [-7]),
        (Ticket(caller=caller(), reserved=7, status=200), []),
    ],
)
def test_what_was_reserved_is_settled_once_it_is_known(ticket: Ticket, tokens: list[float]) -> None:
    entry = entry_of(ticket, held(caller("tokens=99/m", "requests=9/m")), None)
    assert [charge.cost for charge in entry.charges] == tokens


def test_tokens_that_upstream_does_not_tell_are_unknown_not_none() -> None:
    drawn = verdict(rounds=(Round(round=1, strategy="first", action=Action.ALLOW),))
    assert used_tokens(Ticket(caller=caller(), status=200, verdict=drawn)) is None


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (verdict(), 3),
        (verdict("response[0].content"), 0),
        (verdict(action=Action.SUPPORT), 0),
        (verdict(action=Action.FLAG), 0),
        (verdict(mode="monitor"), 0),
        (Verdict(action=Action.REFUSE), 0),
    ],
)
def test_only_a_refused_request_is_a_strike(found: Verdict, severity: int) -> None:
    assert struck_severity(found) == severity


def test_a_strike_carries_the_policys_steps_in_order() -> None:
    ticket = Ticket(caller=caller(), subject="s", verdict=verdict())
    (strike,) = entry_of(ticket, (), POLICY).strikes
    assert (strike.key, strike.points) == ("s", 10)
    assert [step.points for step in strike.steps] == [10, 30]
    ticket.subject = None
    assert entry_of(ticket, (), POLICY).strikes == ()


def test_each_denial_says_what_when_and_in_which_words() -> None:
    who = caller("requests=2/h", "variants=2/h", "tokens=10/m")
    limits = held(who)
    ask = ask_of(who, limits, Sketch(tokens=11, prompt="p", sampling="s"), POLICY)
    barred = Admission(denied="bar", standings=(Standing(until=NOW + 90),))
    assert denial(barred, ask, limits, now=NOW).message.endswith("try again in 1m30s")
    varied = denial(Admission(denied="variant"), ask, limits, now=NOW)
    assert (varied.code, varied.seconds) == ("too_many_variants", 3600)
    windows = (Window(index=int(NOW // 3600), current=2), Window(index=int(NOW // 60)))
    full = denial(Admission(denied="charge", index=0, windows=windows), ask, limits, now=NOW)
    assert (full.reason, full.code) == ("requests", "rate_limit_exceeded")
    assert full.seconds is not None
    large = denial(Admission(denied="charge", index=1, windows=windows), ask, limits, now=NOW)
    assert (large.reason, large.seconds) == ("tokens", None)
    assert "alone" in large.message


def test_headers_tell_of_the_limit_with_the_least_left() -> None:
    limits = held(caller("requests=60/m", "requests=100/h", "tokens=99/m", "variants=1/h"))
    windows = (
        Window(index=int(NOW // 60), current=10),
        Window(index=int(NOW // 3600), current=99),
        Window(index=int(NOW // 60)),
    )
    found = dict(limit_headers(windows, limits, now=NOW))
    assert found[b"x-ratelimit-limit-requests"] == b"100"
    assert found[b"x-ratelimit-remaining-requests"] == b"1"
    assert found[b"x-ratelimit-remaining-tokens"] == b"99"
    assert found[b"x-ratelimit-reset-tokens"] == b"0s"


@given(current=st.integers(0, 200), previous=st.integers(0, 200), second=st.integers(0, 3599))
def test_what_is_left_is_never_negative(current: int, previous: int, second: int) -> None:
    window = Window(index=int(NOW // 3600), current=current, previous=previous)
    now = math.floor(NOW / 3600) * 3600 + second
    found = dict(limit_headers((window,), held(caller("requests=100/h")), now=now))
    assert 0 <= int(found[b"x-ratelimit-remaining-requests"]) <= 100
