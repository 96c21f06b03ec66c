"""What a collector gets over the wire: spans and audit records, as OTLP's own protobuf, without a word of content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.guard import telemetry as names
from headgate.guard.audit import audit_key, verify

from ..upstream import Reply, Upstream
from .collector import collecting, collecting_grpc
from .conftest import started

ASK = {"model": "m", "messages": [{"role": "user", "content": "A zyzzyva?"}]}
TRACE = "0af7651916cd43dd8448eb211c80319c"


def attributes(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_spans_and_sealed_records_arrive_and_hold_no_content(upstream: Upstream, tmp_path: Path) -> None:
    upstream.script = [Reply(texts=["BAD quokka."]), Reply(texts=["Fine, quokka."])]
    with collecting() as collector:
        more = {"otlp_endpoint": collector.url, "record_otlp": True, "service_name": "gate"}
        with started(upstream, tmp_path, **more) as server:
            raw = server.post(ASK, traceparent=f"00-{TRACE}-b7ad6b7169203331-01")
            server.post({"prompt": "BAD quokka"}, "/v1/check")
            server.settle()
            records = server.records
        # Whoever ends sends what waits.
        spans, logs = collector.spans, collector.logs
        told = b"".join(collector.raw)
    assert collector.services == {"gate"}
    mine = [span for span in spans if span.trace_id.hex() == TRACE]
    (root,) = [span for span in mine if span.name == "POST /v1/chat/completions"]
    assert sorted(span.name for span in mine if span is not root) == ["chat", "chat", *["run_guardrail headgate"] * 3]
    assert {span.parent_span_id for span in mine if span is not root} == {root.span_id}
    assert attributes(root)[names.ID] == raw.headers["x-headgate-id"]
    assert attributes(root)[names.ROUNDS] == 2
    verdicts = [attributes(span).get(names.VERDICT) for span in mine if span.name.startswith("run_guardrail")]
    assert verdicts.count("deny") == 1
    bodies = [one.body.string_value for one in logs]
    assert bodies == records.read_text().splitlines()
    copy = tmp_path / "collected.jsonl"
    copy.write_text("\n".join(bodies) + "\n")
    assert verify([copy], key=audit_key()).fault is None
    assert len(bodies) == 2
    for word in (b"zyzzyva", b"quokka"):
        assert word not in told


def test_a_collector_that_is_not_there_costs_no_answer(upstream: Upstream, tmp_path: Path) -> None:
    with started(upstream, tmp_path, otlp_endpoint="http://127.0.0.1:9", record_otlp=True) as server:
        assert server.post(ASK).status == 200


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_metrics_traces_and_records_arrive_by_either_protocol(
    upstream: Upstream, tmp_path: Path, protocol: str
) -> None:
    with collecting() if protocol == "http" else collecting_grpc() as collector:
        more = {"otlp_protocol": protocol, "otlp_metrics": True, "record_otlp": True, "service_name": "gate"}
        with started(upstream, tmp_path, otlp_endpoint=collector.url, **more) as server:
            assert server.post(ASK).status == 200
            server.settle()
            page = server.send("GET", "/metrics").lines
        told, spans, logs = collector.metrics, collector.spans, collector.logs
    assert collector.services == {"gate"}
    assert "POST /v1/chat/completions" in {span.name for span in spans}
    assert len(logs) == 1
    (judged,) = [one for one in told if one.name == names.JUDGED_TOTAL.removesuffix("_total")]
    assert f"{names.JUDGED_TOTAL} {judged.sum.data_points[0].as_double}" in page
    assert judged.sum.is_monotonic
    (added,) = [one for one in told if one.name == names.GUARD_SECONDS]
    (point,) = added.histogram.data_points
    assert (added.unit, point.count, sum(point.bucket_counts)) == ("s", 1, 1)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
