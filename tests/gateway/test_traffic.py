from __future__ import annotations

from pathlib import Path

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.traffic import traffic_of
from headgate.guard.guard import Guard
from headgate.guard.traffic import read_traffic
from headgate.models.errors import ConfigError
from headgate.models.fakes import FakeClassifier

UPSTREAM = "http://localhost:8000/v1"


def test_nothing_is_recorded_unless_a_file_is_named() -> None:
    with Guard("default", FakeClassifier()) as guard:
        assert traffic_of(Settings(upstream=UPSTREAM), guard) is None


async def test_exchanges_are_recorded_and_a_shadow_is_tried_on_them(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    with Guard("default", FakeClassifier({"rotten": 0.9})) as guard:
        log = traffic_of(Settings(upstream=UPSTREAM, traffic=str(path), shadow="strict"), guard)
        assert log is not None
        guard.traffic = log
        await guard.acheck("A rotten question.")
        log.close()
    (record,) = read_traffic(path)
    assert (record.verdict.action.value, record.shadow_action) == ("guideline", "refuse")


def test_a_shadow_without_a_record_and_a_record_without_a_guard_are_refused(tmp_path: Path) -> None:
    with Guard("default", FakeClassifier()) as guard, pytest.raises(ConfigError, match="shadow needs traffic"):
        traffic_of(Settings(upstream=UPSTREAM, shadow="strict"), guard)
    with pytest.raises(ConfigError, match="traffic needs a policy"):
        traffic_of(Settings(upstream=UPSTREAM, traffic=str(tmp_path / "t")), None)
