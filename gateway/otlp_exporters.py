"""Which of OpenTelemetry's exporters send traces, metrics and records: over HTTP, or over gRPC with the extra `otel`.

The packages are imported where something is sent. Without an endpoint of the settings the exporters read the
environment, paths and headers included.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ..models.errors import ConfigError
from .config import Settings

Signal: TypeAlias = Literal["traces", "metrics", "logs"]

PATIENCE: Final = 5.0
"""Seconds that what is left to send may take at the end."""
_PACKAGE: Final = "opentelemetry.exporter.otlp.proto"


class _Exporter(msgspec.Struct, frozen=True):
    module: str
    name: str


_EXPORTERS: Final[Mapping[Signal, _Exporter]] = {
    "traces": _Exporter("trace_exporter", "OTLPSpanExporter"),
    "metrics": _Exporter("metric_exporter", "OTLPMetricExporter"),
    "logs": _Exporter("_log_exporter", "OTLPLogExporter"),
}


def sent_somewhere(settings: Settings, signal: Signal, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the settings or OpenTelemetry's variables say where this is to go."""
    return settings.otlp_endpoint is not None or _variable("ENDPOINT", signal, environment) is not None


def exporter(settings: Settings, signal: Signal, environment: Mapping[str, str] = os.environ) -> Any:
    """The exporter of one signal; ConfigError where its package is not installed."""
    wanted, base = _EXPORTERS[signal], settings.otlp_endpoint
    named = _variable("PROTOCOL", signal, environment)
    protocol = settings.otlp_protocol or ("grpc" if named == "grpc" else "http")
    extra = "otel" if protocol == "grpc" else "gateway"
    try:
        found = getattr(importlib.import_module(f"{_PACKAGE}.{protocol}.{wanted.module}"), wanted.name)
    except ImportError as error:
        raise ConfigError(f"{signal} over {protocol} need {error.name}: pip install 'headgate[{extra}]'") from error
    if base is None:
        return found()
    return found(endpoint=base if protocol == "grpc" else f"{base.rstrip('/')}/v1/{signal}")


def for_a_while(work: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    """Do the last of the sending, and wait for it so long at most: a process that ends takes what hangs along."""
    thread = threading.Thread(target=work, name="headgate-otlp-end", daemon=True)
    thread.start()
    thread.join(seconds)


def _variable(name: str, signal: Signal, environment: Mapping[str, str]) -> str | None:
    """OpenTelemetry's variable for one signal, which comes before that for all."""
    mine = environment.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{name}")
    return mine or environment.get(f"OTEL_EXPORTER_OTLP_{name}") or None
