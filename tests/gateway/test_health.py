from __future__ import annotations

import json

from headgate.gateway.config import Settings
from headgate.gateway.health import Readiness
from headgate.gateway.state import Gateway, Reloaded
from headgate.guard.guard import PROBE, Guard
from headgate.models.fakes import FakeClassifier, scores
from headgate.policies.compile import parse_policy

from .conftest import POLICY, Server, Start


def test_a_gateway_lives_whatever_its_models_do(server: Server) -> None:
    assert server.send("GET", "/livez").lines == ["ok"]


def test_it_is_not_ready_where_a_known_bad_text_passes(server: Server) -> None:
    raw = server.send("GET", "/readyz")
    assert raw.status == 503
    assert json.loads(raw.lines[0])["probe"] == "failed"


def test_it_is_ready_where_the_probe_is_judged_right(start: Start) -> None:
    raw = start(classifier=FakeClassifier({PROBE[:20]: scores(unsafe=0.99, severity=3)})).send("GET", "/readyz")
    assert raw.status == 200
    report = json.loads(raw.lines[0])
    assert report["ready"] is True
    assert report["probe"] == "passed"
    assert report["policy"]["name"] == "test"
    assert len(report["policy"]["hash"]) == 16
    assert report["models"] == ["fake@fake0000"]


def test_a_gateway_whose_guard_is_off_says_so(start: Start) -> None:
    report = json.loads(start("off").send("GET", "/readyz").lines[0])
    assert report["probe"] == "off"


async def test_the_probe_is_asked_once_in_a_while_only() -> None:
    fake = FakeClassifier({PROBE[:20]: 0.99})
    with Guard(parse_policy(POLICY), fake) as guard:
        asked = []
        gateway = Gateway(Settings(upstream="http://x"), guard)
        guard.probe = lambda: asked.append(1) or Guard.probe(guard)  # type: ignore[method-assign, func-returns-value]
        readiness = Readiness(gateway)
        assert [(await readiness.report())["ready"] for _ in range(3)] == [True] * 3
        assert len(asked) == 1


async def test_it_is_not_ready_while_it_drains() -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off"), None)
    assert (await Readiness(gateway).report())["ready"] is True
    gateway.draining = True
    report = await Readiness(gateway).report()
    assert (report["ready"], report["draining"]) == (False, True)


async def test_a_failed_reload_is_told_and_leaves_it_ready() -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off"), None)
    gateway.note(Reloaded(at="2026-01-01T00:00:00.000Z", ok=False, error="mine.yaml:2:8: no such action"))
    report = await Readiness(gateway).report()
    assert report["ready"] is True
    assert report["reload"]["error"] == "mine.yaml:2:8: no such action"


async def test_workers_that_disagree_about_the_policy_are_told() -> None:
    gateway = Gateway(Settings(upstream="http://x", policy="off"), None)
    gateway.metrics.in_force(parse_policy(POLICY))
    assert "disagree" not in await Readiness(gateway).report()
    # As another worker's file says it.
    gateway.metrics._state._policy.labels("test", "0123456789abcdef", "enforce").set(1)
    assert len((await Readiness(gateway).report())["disagree"]) == 2
