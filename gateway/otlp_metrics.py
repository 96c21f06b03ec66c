"""The metrics of `/metrics` over OTLP as well: each process sends its own, under an instance id of its own.

Nothing is counted twice: every interval the registry is read and sent as it stands, cumulative since the start.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from ..guard import telemetry as names
from ..models.errors import ConfigError
from .config import Settings
from .otlp_exporters import PATIENCE, exporter, for_a_while, sent_somewhere

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricsData

INTERVAL_VARIABLE: Final = "OTEL_METRIC_EXPORT_INTERVAL"
_EVERY: Final = 60_000.0
_ONE_SENDING: Final = 10_000.0


def metrics_of(
    settings: Settings,
    registry: CollectorRegistry,
    refresh: Callable[[], None],
    environment: Mapping[str, str] = os.environ,
) -> OtlpMetrics | None:
    """Where metrics go besides `/metrics`; None unless the settings' `otlp_metrics` says so.

    Raises ConfigError where no endpoint is given.
    """
    if not settings.otlp_metrics or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if not sent_somewhere(settings, "metrics", environment):
        raise ConfigError("otlp_metrics needs otlp_endpoint, or OTEL_EXPORTER_OTLP_ENDPOINT in the environment")
    try:
        every = float(environment.get(INTERVAL_VARIABLE) or _EVERY)
    except ValueError:
        every = 0.0
    if not 1 <= every <= 3_600_000:
        raise ConfigError(f"{INTERVAL_VARIABLE} must be milliseconds from 1 to 3600000")
    told = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": settings.service_name}
    return OtlpMetrics(
        exporter(settings, "metrics", environment), registry, refresh, attributes=told, seconds=every / 1000
    )


class OtlpMetrics:
    """Sends a registry's metrics every so many seconds from a thread of its own, from `start` until it is closed.

    `refresh` brings the registry up to date before each sending, on the event loop where all else counts.
    """

    def __init__(
        self,
        sender: MetricExporter,
        registry: CollectorRegistry,
        refresh: Callable[[], None],
        *,
        attributes: Mapping[str, str],
        seconds: float,
        patience: float = PATIENCE,
    ) -> None:
        self._sender = sender
        self._registry = registry
        self._refresh = refresh
        self._attributes = {**attributes, "service.instance.id": str(uuid.uuid4())}
        self._began = time.time_ns()
        self._over = threading.Event()
        self._seconds = seconds
        self._patience = patience
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send; to be called on the event loop."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, args=(loop,), name="headgate-otlp-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Send what there is once more and stop; what is not out within some seconds in all is lost.

        To be called from a thread while the event loop goes on.
        """
        end = time.monotonic() + self._patience
        self._over.set()
        if self._thread is not None:
            self._thread.join(self._patience)
        for_a_while(lambda: self._sender.shutdown(timeout_millis=0), seconds=max(0.1, end - time.monotonic()))

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        over = False
        while not over:
            over = self._over.wait(self._seconds)
            self._bring_up_to_date(loop)
            # The exporter logs what goes wrong, and never raises.
            self._sender.export(self.read(), timeout_millis=_ONE_SENDING)

    def _bring_up_to_date(self, loop: asyncio.AbstractEventLoop) -> None:
        """The registry as the loop refreshes it; as it stands where the loop has ended or does not come to it."""
        done = threading.Event()

        def refresh() -> None:
            try:
                self._refresh()
            finally:
                done.set()

        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(refresh)
            done.wait(self._patience)

    def read(self) -> MetricsData:
        """The registry as it stands."""
        from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        now = time.time_ns()
        found = [one for family in self._registry.collect() if (one := _told(family, began=self._began, now=now))]
        scope = ScopeMetrics(scope=InstrumentationScope(names.SERVICE), metrics=found, schema_url="")
        resource = Resource.create(self._attributes)
        whole = ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")
        return MetricsData(resource_metrics=[whole])


def _told(family: Metric, *, began: int, now: int) -> Any:
    """One of Prometheus's families as OpenTelemetry has it; None where nothing was counted yet, or of another type."""
    from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, Histogram, NumberDataPoint, Sum
    from opentelemetry.sdk.metrics.export import Metric as Told

    cumulative = AggregationTemporality.CUMULATIVE
    data: Gauge | Histogram | Sum
    match family.type:
        case "counter" | "gauge":
            wanted = f"{family.name}_total" if family.type == "counter" else family.name
            points = [
                NumberDataPoint(dict(one.labels), 0 if family.type == "gauge" else began, now, one.value)
                for one in family.samples
                if one.name == wanted
            ]
            data = Sum(points, cumulative, is_monotonic=True) if family.type == "counter" else Gauge(points)
        case "histogram":
            data = Histogram(list(_distributions(family.samples, began=began, now=now)), cumulative)
        case _:
            return None
    if not data.data_points:
        return None
    unit = "s" if family.name.endswith("_seconds") else ""
    return Told(name=family.name, description=family.documentation, unit=unit, data=data)


def _distributions(samples: Iterable[Sample], *, began: int, now: int) -> Iterator[Any]:
    """Prometheus counts up to each bound, OpenTelemetry between them."""
    from opentelemetry.sdk.metrics.export import HistogramDataPoint

    series: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for one in samples:
        labels = tuple(sorted((name, value) for name, value in one.labels.items() if name != "le"))
        series.setdefault(labels, []).append(one)
    for labels, found in series.items():
        buckets = sorted((float(one.labels["le"]), one.value) for one in found if one.name.endswith("_bucket"))
        upto = [count for _, count in buckets]
        between = [int(count - before) for count, before in zip(upto, [0.0, *upto], strict=False)]
        yield HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=began,
            time_unix_nano=now,
            count=int(upto[-1]),
            sum=next(one.value for one in found if one.name.endswith("_sum")),
            bucket_counts=between,
            explicit_bounds=[bound for bound, _ in buckets[:-1]],
            min=None,  # type: ignore[arg-type]  # nobody kept it, and the encoder leaves it out
            max=None,  # type: ignore[arg-type]
            exemplars=[],
        )
