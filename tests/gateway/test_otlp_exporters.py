from __future__ import annotations

import sys
import threading

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.otlp_exporters import exporter, for_a_while, sent_somewhere
from headgate.models.errors import ConfigError

SETTINGS = Settings(upstream="http://x", otlp_endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_each_signal_goes_to_its_path_of_the_endpoint(signal: str) -> None:
    found = exporter(SETTINGS, signal, {})  # type: ignore[arg-type]
    assert found._endpoint == f"http://127.0.0.1:9/v1/{signal}"
    found.shutdown()


def test_the_protocol_is_the_settings_own_or_the_environments() -> None:
    named = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    http = Settings(upstream="http://x", otlp_endpoint="http://127.0.0.1:9", otlp_protocol="http")
    for settings, environment, wanted in ((SETTINGS, named, "grpc"), (http, named, "http"), (SETTINGS, {}, "http")):
        found = exporter(settings, "traces", environment)
        assert f".{wanted}." in type(found).__module__
        found.shutdown()


def test_what_is_missing_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.grpc.trace_exporter", None)
    with pytest.raises(ConfigError, match=r"headgate\[otel\]"):
        exporter(Settings(upstream="http://x", otlp_protocol="grpc"), "traces", {})


def test_a_variable_of_one_signal_is_for_that_one() -> None:
    settings, named = Settings(upstream="http://x"), {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://y"}
    assert sent_somewhere(settings, "logs", named)
    assert not sent_somewhere(settings, "metrics", named)


@pytest.mark.parametrize(("mine", "all_of_them"), [("grpc", "http/protobuf"), ("http/protobuf", "grpc"), ("grpc", "")])
def test_the_protocol_of_one_signal_comes_before_that_of_all(mine: str, all_of_them: str) -> None:
    named = {"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": mine, "OTEL_EXPORTER_OTLP_PROTOCOL": all_of_them}
    for signal, wanted in (("metrics", mine), ("traces", all_of_them)):
        found = exporter(SETTINGS, signal, named)  # type: ignore[arg-type]
        assert (".grpc." in type(found).__module__) is (wanted == "grpc")
        found.shutdown()


def test_what_never_ends_is_not_waited_for() -> None:
    go_on, ended = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait()
        ended.set()

    for_a_while(work, seconds=0.01)
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(10)
