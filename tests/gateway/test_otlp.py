from __future__ import annotations

import json
from pathlib import Path

import pytest
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from headgate.gateway.config import Settings
from headgate.gateway.otlp import OtlpRecords, provider, records_of
from headgate.guard.audit import verify
from headgate.guard.record import Record, Recorder, new_id, now
from headgate.models.errors import ConfigError
from headgate.policies.verdict import Action, Verdict

SETTINGS = Settings(upstream="http://x")


def test_the_sealed_lines_go_out_as_they_stand_in_the_file(tmp_path: Path) -> None:
    exporter = InMemoryLogRecordExporter()
    records = OtlpRecords(provider(SETTINGS, SimpleLogRecordProcessor(exporter), {}))
    path = tmp_path / "audit.jsonl"
    recorder = Recorder(path, key=b"k", also=records.write)
    for _ in range(3):
        verdict = Verdict(action=Action.ALLOW)
        recorder.write(Record(id=new_id(), time=now(), surface="gateway", verdict=verdict, delivery="delivered"))
    recorder.close()
    records.close()
    sent = [one.log_record for one in exporter.get_finished_logs()]
    bodies = [str(one.body) for one in sent]
    assert bodies == path.read_text().splitlines()
    assert {one.event_name for one in sent} == {"headgate.audit.record"}
    copy = tmp_path / "copy.jsonl"
    copy.write_text("\n".join(bodies) + "\n")
    assert verify([copy], key=b"k").fault is None
    assert json.loads(bodies[0])["verdict"]["action"] == "allow"


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert records_of(SETTINGS, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(upstream="http://x", record_otlp=True), "record_otlp needs record"),
        (Settings(upstream="http://x", record_otlp=True, record="-"), "record_otlp needs otlp_endpoint"),
    ],
)
def test_what_it_needs_is_said(settings: Settings, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        records_of(settings, {})


def test_an_endpoint_is_taken_from_the_settings() -> None:
    found = records_of(
        Settings(upstream="http://x", record_otlp=True, record="-", otlp_endpoint="http://127.0.0.1:9"), {}
    )
    assert found is not None
    found.close()
