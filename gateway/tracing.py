"""OpenTelemetry traces: one span a request, and below it the guardrail's runs and upstream's answers.

The SDK is imported where traces are on. Spans hold names, scores and counts; what was said only where `trace_content`
is on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..guard import telemetry as names
from ..guard.observe import Timeline, Watch, watching
from .config import Settings
from .otlp_exporters import exporter, for_a_while, sent_somewhere
from .spans import describe, exchange_attributes

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer


def tracing_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> Tracing | None:
    """Traces to where the settings or OTEL_EXPORTER_OTLP_ENDPOINT say; None where neither does."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if not sent_somewhere(settings, "traces", environment):
        return None
    sender = exporter(settings, "traces", environment)
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return Tracing(provider(settings, BatchSpanProcessor(sender), environment), content=settings.trace_content)


def provider(settings: Settings, processor: Any, environment: Mapping[str, str] = os.environ) -> TracerProvider:
    """The SDK's provider for these settings; a caller's decision to sample is followed, of others a share is kept."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": settings.service_name}
    made = TracerProvider(
        resource=Resource.create(named),
        sampler=ParentBased(TraceIdRatioBased(settings.trace_sample)),
        shutdown_on_exit=False,
    )
    made.add_span_processor(processor)
    return made


class Tracing:
    """Wraps applications so that each POST becomes a trace; `content` puts what was said into it."""

    def __init__(self, made: TracerProvider, *, content: bool = False) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = made
        self._content = content
        self._tracer: Tracer = made.get_tracer(names.SERVICE)
        self._server = SpanKind.SERVER
        self._client = SpanKind.CLIENT
        self._internal = SpanKind.INTERNAL
        self._propagator = TraceContextTextMapPropagator()

    def around(self, app: Any) -> Any:
        """The ASGI application with a span around each of its requests that may hold an exchange."""

        async def handle(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                await app(scope, receive, send)
            else:
                await self._request(app, scope, receive, send)

        return handle

    def close(self) -> None:
        """Send what waits, for some seconds at most, and stop."""
        for_a_while(self._provider.shutdown)

    async def _request(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        from opentelemetry.trace import set_span_in_context

        route = scope.get("path_template") or scope["path"]
        span = self._tracer.start_span(
            f"POST {route}",
            context=self._propagator.extract(_carrier(scope)),
            kind=self._server,
            attributes={names.METHOD: "POST", names.ROUTE: route, names.SPAN_KIND: "CHAIN"},
        )
        context = set_span_in_context(span)
        self._pass_on(scope, context)
        watch = Watch(content=self._content) if span.is_recording() else None
        token = watching.set(watch)
        try:
            await app(scope, receive, _noting(send, span))
        except BaseException as error:
            _failed(span, type(error).__name__)
            raise
        finally:
            watching.reset(token)
            if watch is not None:
                self._tell(span, context, watch)
            span.end()

    def _pass_on(self, scope: Any, context: Context) -> None:
        """Upstream's spans become children of ours: it gets our traceparent in place of the caller's."""
        ours: dict[str, str] = {}
        self._propagator.inject(ours, context)
        added = [(name.encode(), value.encode("latin-1")) for name, value in ours.items()]
        kept = [pair for pair in scope["headers"] if pair[0] not in (b"traceparent", b"tracestate")]
        scope["headers"] = [*kept, *added]

    def _tell(self, span: Span, context: Context, watch: Watch) -> None:
        for timeline in watch.timelines:
            span.set_attributes(exchange_attributes(timeline))
            if timeline.finish is None and timeline.ended is not None:
                _failed(span, "exchange_broken_off")
            self._children(timeline, context)

    def _children(self, timeline: Timeline, context: Context) -> None:
        for told in describe(timeline, content=self._content):
            kind = self._client if told.remote else self._internal
            child = self._tracer.start_span(
                told.name, context=context, kind=kind, attributes=told.attributes, start_time=told.began
            )
            for event in told.events:
                child.add_event(names.FINDING_EVENT, event, timestamp=told.ended)
            if told.fault:
                _failed(child, told.fault)
            child.end(told.ended)


def _carrier(scope: Any) -> dict[str, str]:
    return {
        name.decode(): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }


def _noting(send: Any, span: Span) -> Any:
    async def noted(message: Any) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            span.set_attribute(names.STATUS, status)
            if status >= 500:
                _failed(span, str(status))
            for name, value in message["headers"]:
                if name == b"x-headgate-id":
                    span.set_attribute(names.ID, value.decode("latin-1"))
        await send(message)

    return noted


def _failed(span: Span, kind: str) -> None:
    """The kind of an error alone: its text may quote content."""
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute(names.ERROR_TYPE, kind)
    span.set_status(Status(StatusCode.ERROR))
