from __future__ import annotations

import re

from headgate.gateway.metrics import Metrics
from headgate.models.assessment import Severity
from headgate.policies.compile import parse_policy
from headgate.policies.verdict import Action, Coverage, Degraded, Finding, Missed, Round, Verdict

from ..upstream import Reply
from .conftest import Server, Start

ASK = {"model": "m", "messages": [{"role": "user", "content": "Hello there"}]}


def value(page: str, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", page, re.M)
    return float(match[1]) if match else 0.0


def page(server: Server) -> str:
    return "\n".join(server.send("GET", "/metrics").lines)


def test_the_page_counts_what_became_of_requests(start: Start) -> None:
    server = start()
    server.upstream.script = [Reply(texts=["BAD."]), Reply(texts=["Fine."])]
    server.post(ASK)
    server.post({**ASK, "stream": True})
    server.post({"messages": [{"role": "user", "content": "WORST"}]})
    server.post(b"{")
    server.record(3)
    text = page(server)
    assert value(text, 'headgate_requests_total{result="regenerated",shape="json"}') == 1
    assert value(text, 'headgate_requests_total{result="allowed",shape="stream"}') == 1
    assert value(text, 'headgate_requests_total{result="refused",shape="json"}') == 1
    assert value(text, 'headgate_requests_total{result="bad_request",shape="json"}') == 1
    assert value(text, 'headgate_blocks_total{category="violence",direction="input"}') == 1
    assert value(text, "headgate_regenerated_total") == 1
    assert value(text, "headgate_guard_latency_seconds_count") == 3
    assert value(text, "headgate_rounds_sum") == 3
    assert value(text, "headgate_held_characters_count") == 1
    assert value(text, "headgate_active_requests") == 0
    assert re.search(r'headgate_policy_info\{hash="[0-9a-f]{16}",mode="enforce",name="test"\} 1', text)


def test_a_guard_that_is_off_counts_everything_as_unjudged(start: Start) -> None:
    server = start("off")
    server.post(ASK)
    text = page(server)
    assert value(text, 'headgate_requests_total{result="off",shape="json"}') == 1
    assert value(text, 'headgate_unjudged_parts_total{reason="off"}') == 2


def test_failures_of_upstream_are_counted_by_class(server: Server) -> None:
    server.upstream.script = [Reply(status=429), Reply(status=418), Reply(status=503)]
    for _ in range(3):
        server.post(ASK)
    text = page(server)
    for label in ("429", "4xx", "5xx"):
        assert value(text, f'headgate_upstream_errors_total{{status="{label}"}}') == 1


def test_labels_are_bounded_whatever_a_verdict_says() -> None:
    metrics = Metrics()
    missed = Missed(part="x", reason="a reason that somebody made up", action=Action.FLAG)
    finding = Finding(
        category="insult", severity=Severity.MINOR, confidence=1, threshold=0, part="response[0].content", rule="r",
        action=Action.REFUSE,
    )  # fmt: skip
    verdict = Verdict(
        action=Action.REFUSE,
        findings=(finding,),
        coverage=Coverage(judged=("a", "b"), unjudged=(missed,)),
        rounds=(Round(round=1, strategy="request", action=Action.REFUSE),),
    )
    metrics.finished(verdict, shape="json", delivery="refused", added=0.1, upstream=0.2)
    text = metrics.page().decode()
    assert value(text, 'headgate_unjudged_parts_total{reason="error"}') == 1
    assert value(text, 'headgate_blocks_total{category="insult",direction="output"}') == 1
    assert value(text, "headgate_judged_parts_total") == 2
    assert "made up" not in text


def test_classifiers_memo_and_records_are_counted_once_however_often_they_are_looked_at(start: Start) -> None:
    server = start()
    server.post(ASK)
    server.post(ASK)
    server.record(2)
    for _ in range(2):
        text = page(server)
    assert value(text, "headgate_batches_total") >= 1
    assert value(text, 'headgate_memo_lookups_total{result="hit"}') >= 1
    assert value(text, "headgate_audit_records_total") == 2
    assert value(text, "headgate_queue_waiting") == 0
    assert value(text, 'headgate_guardrail_requests_total{phase="input",result="allowed"}') == 2


def test_the_policy_that_was_in_force_before_is_no_longer_told() -> None:
    metrics = Metrics()
    for text in ("version: 1\nname: a\n", "version: 1\nname: b\n"):
        metrics.in_force(parse_policy(text))
    found = metrics.page().decode()
    assert 'name="a"' not in found
    assert len(metrics.policies()) == 1
    metrics.reloaded(ok=False, pending=0)
    assert value(metrics.page().decode(), "headgate_policy_reload_failed") == 1


def test_stand_ins_and_batches_are_told(start: Start) -> None:
    server = start()
    server.post(ASK)
    text = page(server)
    assert value(text, "headgate_batch_parts_count") == value(text, "headgate_batches_total") > 0
    assert value(text, "headgate_queue_wait_seconds_count") == value(text, "headgate_batches_total")
    metrics = Metrics()
    degraded = (Degraded(part="messages[0].content", rung="small"),)
    verdict = Verdict(action=Action.ALLOW, coverage=Coverage(judged=("messages[0].content",), degraded=degraded))
    metrics.finished(verdict, shape="json", delivery="delivered", added=0.0, upstream=0.0)
    assert value(metrics.page().decode(), 'headgate_degraded_parts_total{rung="small"}') == 1
