from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from headgate.gateway import app
from headgate.gateway.config import Settings
from headgate.gateway.tracing import Tracing, provider, tracing_of
from headgate.guard import telemetry as names

from ..upstream import Reply, Upstream
from .conftest import Server, started

ASK = {"model": "m", "messages": [{"role": "user", "content": "A zyzzyva?"}]}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@contextmanager
def traced(
    upstream: Upstream, folder: Path, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> Iterator[tuple[Server, InMemorySpanExporter]]:
    """A gateway whose spans stay in memory."""
    exporter = InMemorySpanExporter()

    def made(settings: Settings) -> Tracing:
        return Tracing(provider(settings, SimpleSpanProcessor(exporter), {}), content=settings.trace_content)

    monkeypatch.setattr(app, "tracing_of", made)
    with started(upstream, folder, **more) as server:
        yield server, exporter


def spans(
    server: Server, exporter: InMemorySpanExporter, root: str = "POST /v1/chat/completions"
) -> list[ReadableSpan]:
    """The spans of one request, oldest first; the outermost is the last to end."""
    server.settle()
    found: list[ReadableSpan] = []
    while not any(span.name == root for span in found):
        found = list(exporter.get_finished_spans())
    return sorted(found, key=lambda span: span.start_time or 0)


def test_a_request_is_a_trace_with_its_guardrails_and_draws(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.script = [Reply(texts=["BAD."]), Reply(texts=["Fine, quokka."])]
    with traced(upstream, tmp_path, monkeypatch) as (server, exporter):
        raw = server.post(ASK, traceparent=PARENT)
        found = spans(server, exporter)
    root = found[0]
    context = root.get_span_context()
    assert root.name == "POST /v1/chat/completions"
    assert root.parent is not None
    assert format(context.trace_id, "032x") == TRACE
    assert root.attributes is not None
    assert root.attributes[names.STATUS] == 200
    assert root.attributes[names.ID] == raw.headers["x-headgate-id"]
    assert root.attributes[names.ROUNDS] == 2
    assert sorted(span.name for span in found[1:]) == ["chat", "chat", *["run_guardrail headgate"] * 3]
    for span in found[1:]:
        assert span.parent is not None
        assert span.parent.span_id == context.span_id
        assert (root.start_time or 0) <= (span.start_time or 0) <= (span.end_time or 0) <= (root.end_time or 0)
    verdicts = [
        (span.attributes or {})[names.VERDICT]
        for span in found
        if (span.attributes or {}).get(names.TARGET) == "output"
    ]
    assert verdicts == ["deny", "allow"]
    # Upstream's own spans become children of ours.
    assert upstream.headers[0]["traceparent"].split("-")[1:3] == [TRACE, format(context.span_id, "016x")]
    assert "zyzzyva" not in repr([span.to_json() for span in found])
    assert "quokka" not in repr([span.to_json() for span in found])


def test_content_is_traced_where_it_is_switched_on(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with traced(upstream, tmp_path, monkeypatch, trace_content=True) as (server, exporter):
        server.post({**ASK, "stream": True})
        found = spans(server, exporter)
    (draw,) = [span for span in found if span.name == "chat"]
    assert draw.attributes is not None
    assert draw.attributes[names.INPUT_VALUE] == "A zyzzyva?"
    assert draw.attributes[names.OUTPUT_VALUE] == "Fine."


def test_a_failure_is_told_by_its_kind(upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.script = Reply(status=500, raw=b'{"error": {"message": "zyzzyva"}}')
    with traced(upstream, tmp_path, monkeypatch) as (server, exporter):
        server.post(ASK)
        root = spans(server, exporter)[0]
    assert not root.status.is_ok
    assert root.attributes is not None
    assert names.ERROR_TYPE in root.attributes
    assert "zyzzyva" not in root.to_json()


def test_what_is_not_sampled_is_neither_told_nor_watched(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with traced(upstream, tmp_path, monkeypatch, trace_sample=0.0) as (server, exporter):
        server.post(ASK)
        server.settle()
        assert exporter.get_finished_spans() == ()
        assert int(upstream.headers[0]["traceparent"].rsplit("-", 1)[1], 16) & 1 == 0


def test_traces_are_off_unless_somebody_says_where_they_go() -> None:
    settings = Settings(upstream="http://x")
    assert tracing_of(settings, {}) is None
    here = Settings(upstream="http://x", otlp_endpoint="http://127.0.0.1:9")
    assert tracing_of(here, {"OTEL_SDK_DISABLED": "true"}) is None
    for found in (tracing_of(here, {}), tracing_of(settings, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})):
        assert found is not None
        found.close()


def test_the_standard_name_of_the_service_wins() -> None:
    settings = Settings(upstream="http://x", service_name="ours")
    made = provider(settings, SimpleSpanProcessor(InMemorySpanExporter()), {})
    assert made.resource.attributes["service.name"] == "ours"
    named = provider(settings, SimpleSpanProcessor(InMemorySpanExporter()), {"OTEL_SERVICE_NAME": "theirs"})
    assert named.resource.attributes["service.name"] != "ours"
