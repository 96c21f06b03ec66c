from __future__ import annotations

import json

from headgate.gateway.service import together
from headgate.policies.verdict import Action, Coverage, Missed, Verdict

from .conftest import Server


def test_several_verdicts_stand_together_as_the_strongest_with_the_parts_of_all() -> None:
    missed = Missed(part="b", reason="deadline", action=Action.FLAG)
    one = Verdict(action=Action.FLAG, coverage=Coverage(judged=("a",)), policy="p", models=("m",))
    two = Verdict(action=Action.REFUSE, coverage=Coverage(unjudged=(missed,)), policy="p", models=("m",))
    both = together([one, two])
    assert both.action is Action.REFUSE
    assert both.coverage == Coverage(judged=("a",), unjudged=(missed,))
    assert (both.policy, both.models) == ("p", ("m",))
    assert together([one]) is one


def test_an_answer_carries_the_headers_of_its_verdict_and_its_record(server: Server) -> None:
    raw = server.post({"prompt": "BAD thing"}, "/v1/check")
    assert raw.headers["x-headgate-verdict"] == "guideline"
    assert raw.headers["x-headgate-judged"] == "1"
    assert float(raw.headers["x-headgate-added-ms"]) >= 0
    record = server.record()
    assert record["id"] == raw.headers["x-headgate-id"]
    assert record["parts"][0]["length"] == len("BAD thing")
    assert "BAD" not in json.dumps(record)


def test_nothing_is_asked_of_upstream(server: Server) -> None:
    server.post({"prompt": "Fine."}, "/v1/check")
    assert server.upstream.bodies == []


def test_a_fault_is_counted_by_its_kind(server: Server) -> None:
    server.post(b"{", "/v1/check")
    server.settle()
    page = "\n".join(server.send("GET", "/metrics").lines)
    assert 'shape="check"' in page
    assert "bad_request" in page
