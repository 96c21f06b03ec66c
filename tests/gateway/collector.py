"""A collector: real OTLP receivers, over HTTP and over gRPC, that decode what they are sent."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What came: spans, log records and metrics as protobuf messages, and the service that each batch names."""

    def __init__(self) -> None:
        self.url = ""
        self.spans: list[Any] = []
        self.logs: list[Any] = []
        self.metrics: list[Any] = []
        self.services: set[str] = set()
        self.raw: list[bytes] = []

    def take(self, path: str, body: bytes) -> int:
        """Decode one batch; the status to answer."""
        self.raw.append(body)
        if path == "/v1/traces":
            traces = ExportTraceServiceRequest.FromString(body)
            groups: Any = traces.resource_spans
            self.spans += [span for group in groups for scope in group.scope_spans for span in scope.spans]
        elif path == "/v1/logs":
            logs = ExportLogsServiceRequest.FromString(body)
            groups = logs.resource_logs
            self.logs += [one for group in groups for scope in group.scope_logs for one in scope.log_records]
        elif path == "/v1/metrics":
            metrics = ExportMetricsServiceRequest.FromString(body)
            groups = metrics.resource_metrics
            self.metrics += [one for group in groups for scope in group.scope_metrics for one in scope.metrics]
        else:
            return 404
        for group in groups:
            self.services |= {a.value.string_value for a in group.resource.attributes if a.key == "service.name"}
        return 200


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the end of the block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            self.send_response(collector.take(self.path, body))
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


_SERVICES = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "/v1/traces",
    "opentelemetry.proto.collector.logs.v1.LogsService": "/v1/logs",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "/v1/metrics",
}


@contextmanager
def collecting_grpc() -> Iterator[Collector]:
    """The same over gRPC."""
    import grpc

    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    for service, path in _SERVICES.items():

        def export(request: bytes, context: Any, path: str = path) -> bytes:
            collector.take(path, request)
            return b""

        handler = grpc.unary_unary_rpc_method_handler(export)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"Export": handler})])
    collector.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()
