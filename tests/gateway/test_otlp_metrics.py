from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from headgate.gateway.config import Settings
from headgate.gateway.otlp_metrics import OtlpMetrics, metrics_of
from headgate.models.errors import ConfigError


class Kept(MetricExporter):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Any] = []
        self.came = threading.Event()

    def export(self, metrics_data: Any, timeout_millis: float = 0, **_: Any) -> MetricExportResult:
        self.sent.append(metrics_data)
        self.came.set()
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 0) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 0, **_: Any) -> None:
        pass


async def sent(registry: CollectorRegistry, refresh: Any = lambda: None) -> Any:
    kept = Kept()
    metrics = OtlpMetrics(kept, registry, refresh, attributes={"service.name": "gate"}, seconds=3600)
    metrics.start()
    await asyncio.to_thread(metrics.close)
    (group,) = kept.sent[-1].resource_metrics
    assert group.resource.attributes["service.name"] == "gate"
    assert group.resource.attributes["service.instance.id"]
    (scope,) = group.scope_metrics
    return {one.name: one for one in scope.metrics}


async def test_counters_gauges_and_histograms_are_told_as_they_stand() -> None:
    registry = CollectorRegistry()
    counter = Counter("asked_total", "How many", ["who"], registry=registry)
    counter.labels("a").inc(2)
    counter.labels("b").inc()
    Gauge("open", "Open", registry=registry).set(7)
    times = Histogram("took_seconds", "Time", buckets=(1.0, 2.0), registry=registry)
    for seconds in (0.5, 1.5, 1.6, 9.0):
        times.observe(seconds)
    found = await sent(registry)
    assert {point.attributes["who"]: point.value for point in found["asked"].data.data_points} == {"a": 2, "b": 1}
    assert found["asked"].data.is_monotonic
    assert [point.value for point in found["open"].data.data_points] == [7]
    (point,) = found["took_seconds"].data.data_points
    assert (found["took_seconds"].unit, point.count, point.sum) == ("s", 4, 12.6)
    assert (point.bucket_counts, point.explicit_bounds) == ([1, 2, 1], [1.0, 2.0])


async def test_what_was_never_counted_is_not_told_and_the_last_look_is() -> None:
    registry = CollectorRegistry()
    Counter("never_total", "Never", ["who"], registry=registry)
    late = Counter("late_total", "Late", registry=registry)
    found = await sent(registry, refresh=late.inc)
    assert list(found) == ["late"]
    assert found["late"].data.data_points[0].value == 1


async def test_what_is_sent_is_brought_up_to_date_on_the_event_loop() -> None:
    registry, kept = CollectorRegistry(), Kept()
    gauge, threads = Gauge("open", "Open", registry=registry), set[int]()

    def refresh() -> None:
        threads.add(threading.get_ident())
        gauge.set(7)

    metrics = OtlpMetrics(kept, registry, refresh, attributes={}, seconds=0.001)
    metrics.start()
    assert await asyncio.to_thread(kept.came.wait, 10)
    await asyncio.to_thread(metrics.close)
    (told,) = kept.sent[0].resource_metrics[0].scope_metrics[0].metrics
    assert [point.value for point in told.data.data_points] == [7]
    assert threads == {threading.get_ident()}


class Stuck(Kept):
    """Never gets rid of anything before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.over = False

    def export(self, metrics_data: Any, timeout_millis: float = 0, **_: Any) -> MetricExportResult:
        self.came.set()
        self.go_on.wait()
        return super().export(metrics_data)

    def shutdown(self, timeout_millis: float = 0, **_: Any) -> None:
        self.over = True


@pytest.mark.parametrize("seconds", [0.001, 3600])
async def test_a_collector_that_does_not_take_it_holds_up_nobodys_end(seconds: float) -> None:
    stuck = Stuck()
    metrics = OtlpMetrics(stuck, CollectorRegistry(), lambda: None, attributes={}, seconds=seconds, patience=0.05)
    metrics.start()
    if seconds < 1:
        assert await asyncio.to_thread(stuck.came.wait, 10)
    await asyncio.to_thread(metrics.close)
    assert stuck.over
    assert stuck.sent == []
    stuck.go_on.set()


def test_it_is_off_unless_it_is_asked_for_and_says_what_it_needs() -> None:
    registry = CollectorRegistry()
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert metrics_of(Settings(upstream="http://x"), registry, lambda: None, named) is None
    wanted = Settings(upstream="http://x", otlp_metrics=True)
    assert metrics_of(wanted, registry, lambda: None, {**named, "OTEL_SDK_DISABLED": "true"}) is None
    with pytest.raises(ConfigError, match="otlp_metrics needs otlp_endpoint"):
        metrics_of(wanted, registry, lambda: None, {})
    with pytest.raises(ConfigError, match="OTEL_METRIC_EXPORT_INTERVAL"):
        metrics_of(wanted, registry, lambda: None, {**named, "OTEL_METRIC_EXPORT_INTERVAL": "soon"})
