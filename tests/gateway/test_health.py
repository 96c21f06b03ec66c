from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

from headgate.gateway.health import Readiness
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
        spying = SimpleNamespace(
            guard=SimpleNamespace(
                probe=lambda: asked.append(1) or guard.probe(), policy=guard.policy, rules=guard.rules
            )
        )
        readiness = Readiness(cast(Any, spying))
        assert [(await readiness.report())["ready"] for _ in range(3)] == [True] * 3
        assert len(asked) == 1
