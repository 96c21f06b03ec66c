from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.guard.guard import Guard
from headgate.guard.traffic import TrafficLog, read_traffic

from ..dialogue import BAD
from .shell import fake, headgate

TEXT = f"This is a {BAD} question."


def test_a_verdict_is_explained_with_the_words_that_counted(tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    path.write_text(headgate("check", TEXT, "--json").stdout)
    found = headgate("explain", path, "--text", TEXT)
    assert found.exit_code == 0, found.output
    assert "guideline by default@" in found.stdout
    assert "0.9 against" in found.stdout
    assert f"0.9000 less without '{BAD}'" in found.stdout


def test_a_verdict_on_stdin_is_explained_for_programs(tmp_path: Path) -> None:
    verdict = headgate("check", TEXT, "--json").stdout
    body = json.loads(headgate("explain", "-", "--json", input=verdict).stdout)
    assert body["explanation"]["otherwise"] == "allow"
    assert body["influences"] == {}


def test_a_recorded_exchange_is_explained_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, key = tmp_path / "traffic.jsonl", "0f" * 32
    with Guard("default", fake()) as guard:
        guard.traffic = TrafficLog(path, digest_key=b"d", key=bytes.fromhex(key))
        guard.check(TEXT)
    (record,) = read_traffic(path)
    monkeypatch.setenv("HEADGATE_TRAFFIC_KEY", key)
    found = headgate("explain", "--id", record.id, "--on", path)
    assert f"less without '{BAD}'" in found.stdout
    assert headgate("explain", "--id", "nope", "--on", path).exit_code == 2


def test_what_is_no_verdict_and_a_policy_that_is_not_known_are_told(tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text("[]")
    assert "not the JSON of a verdict" in headgate("explain", tmp_path / "v.json").stderr
    verdict = json.loads(headgate("check", TEXT, "--json").stdout) | {"policy": "theirs"}
    (tmp_path / "v.json").write_text(json.dumps(verdict))
    assert "name its file with --policy" in headgate("explain", tmp_path / "v.json").stderr
