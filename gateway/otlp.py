"""Audit records as OTLP logs, beside the file; the SDK is imported where that is on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..guard import telemetry as names
from ..models.errors import ConfigError
from .config import Settings
from .otlp_exporters import exporter, for_a_while, sent_somewhere

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider


def records_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> OtlpRecords | None:
    """Where audit records go besides their file; None unless the settings' `record_otlp` says so.

    Raises ConfigError where no endpoint is given, or no file: the chain of seals runs through that.
    """
    if not settings.record_otlp:
        return None
    if settings.record is None:
        raise ConfigError("record_otlp needs record: the file through which the chain of seals runs")
    if not sent_somewhere(settings, "logs", environment):
        raise ConfigError("record_otlp needs otlp_endpoint, or OTEL_EXPORTER_OTLP_ENDPOINT in the environment")
    sender = exporter(settings, "logs", environment)
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    return OtlpRecords(provider(settings, BatchLogRecordProcessor(sender), environment))


def provider(settings: Settings, processor: Any, environment: Mapping[str, str] = os.environ) -> LoggerProvider:
    """The SDK's provider for these settings."""
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.resources import Resource

    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": settings.service_name}
    made = LoggerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    made.add_log_record_processor(processor)
    return made


class OtlpRecords:
    """Sends sealed lines as log records, each whole in the body, so that the chain can be followed there too."""

    def __init__(self, made: LoggerProvider) -> None:
        from opentelemetry._logs import SeverityNumber

        self._provider = made
        self._logger = made.get_logger(names.SERVICE)
        self._severity = SeverityNumber.INFO

    def write(self, line: bytes) -> None:
        """Send one line, its newline left out."""
        self._logger.emit(
            severity_number=self._severity, body=line.rstrip(b"\n").decode(), event_name=names.AUDIT_EVENT
        )

    def close(self) -> None:
        """Send what waits, for some seconds at most, and stop."""
        for_a_while(self._provider.shutdown)
