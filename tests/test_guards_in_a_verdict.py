"""A published guard behind a real server, in a cascade with a small classifier, seen from the verdict."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headgate import Action, Guard
from headgate.models.assemble import assemble
from headgate.models.cascade import Cascade
from headgate.models.fakes import FakeClassifier
from headgate.policies.compile import parse_policy

from .models.guards.server import GuardServer, Said, serving

POLICY = parse_policy("version: 1\nname: t\nextends: default\nthresholds: {default: 0.5, sensitive: 0.5}\n")
GREY, CALM = "is this tea too hot?", "how warm is tea?"


@pytest.fixture
def server() -> Iterator[GuardServer]:
    with serving() as found:
        yield found


@pytest.fixture
def guard(server: GuardServer) -> Iterator[Guard]:
    entry = {"use": "llama-guard-3-8b", "url": server.url, "model": "m", "retries": 0}
    small = FakeClassifier({GREY: 0.4}, name="small", digest="s", kinds=frozenset({"text"}))
    with Guard(POLICY, models=Cascade(small, assemble(entry)[0], low=0.2, high=0.8)) as made:
        yield made


def test_the_large_ones_word_is_the_verdict(guard: Guard, server: GuardServer) -> None:
    server.says("unsafe", "\nS10", unsafe=0.9, safe=0.1)
    verdict = guard.check(GREY)
    assert [finding.category for finding in verdict.findings] == ["discrimination"]
    assert verdict.coverage.by == {"messages[0].content": "small+llama-guard-3-8b"}
    assert [model.split("@")[0] for model in verdict.models] == ["small>llama-guard-3-8b", "small", "llama-guard-3-8b"]


def test_what_the_small_one_is_sure_of_asks_nobody(guard: Guard, server: GuardServer) -> None:
    assert guard.check(CALM).action is Action.ALLOW
    assert server.bodies == []


def test_a_large_one_that_fails_is_never_silent(guard: Guard, server: GuardServer) -> None:
    server.script = lambda body: Said(status=500)
    verdict = guard.check(GREY)
    assert verdict.action is Action.REFUSE
    (missed,) = verdict.unjudged
    assert (missed.part, missed.reason, missed.model) == ("messages[0].content", "inference_failed", "llama-guard-3-8b")


def test_it_is_asked_again_once_it_is_back(guard: Guard, server: GuardServer) -> None:
    server.script = lambda body: Said(tokens=("As a helpful assistant …",))
    assert guard.check(GREY).unjudged[0].reason == "unparsable"
    server.says("safe")
    assert guard.check(GREY).action is Action.ALLOW
    guard.check(GREY)
    assert len(server.bodies) == 2
