from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from headgate.guard.guard import Guard
from headgate.guard.traffic import TrafficLog
from headgate.models.registry import load

from ..dialogue import BAD
from .shell import fake, headgate

KEY = "0f" * 32


def _traffic(folder: Path, *, key: bytes | None = None) -> Path:
    path = folder / "traffic.jsonl"
    with Guard("default", fake()) as guard:
        guard.traffic = TrafficLog(path, digest_key=b"d", key=key)
        for text in ("A fine question.", f"A {BAD} question.", "A zebra."):
            guard.check(text)
    return path


def test_what_would_be_blocked_is_told_with_its_share_and_exits_1(tmp_path: Path) -> None:
    found = headgate("policy", "diff", "default", "strict", "--on", _traffic(tmp_path))
    assert found.exit_code == 1
    assert "newly blocked: 1 (33.33%" in found.stdout
    assert "by category: violence 1" in found.stdout


def test_a_policy_and_itself_are_alike(tmp_path: Path) -> None:
    found = headgate("policy", "diff", "default", "default", "--on", _traffic(tmp_path), "--json")
    assert (found.exit_code, json.loads(found.stdout)["same"]) == (0, 3)


def test_lists_are_tried_where_content_was_recorded_and_counted_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 1\nextends: default\nlists: {zoo: {words: [zebra], action: refuse}}\n")
    bare = headgate("policy", "diff", "default", mine, "--on", _traffic(tmp_path), "--json")
    assert (json.loads(bare.stdout)["unknown"], json.loads(bare.stdout)["exchanges"]) == (3, 0)
    (tmp_path / "traffic.jsonl").unlink()
    monkeypatch.setenv("HEADGATE_TRAFFIC_KEY", KEY)
    sealed = headgate("policy", "diff", "default", mine, "--on", _traffic(tmp_path, key=bytes.fromhex(KEY)), "--json")
    assert json.loads(sealed.stdout)["newly_blocked"]["count"] == 1


CUSTOM = """version: 1
extends: default
custom:
  betting:
    examples: ["Which team should I bet on tonight?", "What are good odds for the derby?", "How are odds set?"]
    action: {}
    direction: input
"""


def test_categories_by_meaning_are_tried_where_it_was_recorded_and_counted_where_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("cryptography")
    monkeypatch.setenv("HEADGATE_TRAFFIC_KEY", KEY)
    paths = []
    for action in ("flag", "refuse"):
        paths.append(tmp_path / f"{action}.yaml")
        paths[-1].write_text(CUSTOM.format(action) + f"name: {action}\n")
    found = {}
    for policy in ("default", paths[0]):
        path = tmp_path / "traffic.jsonl"
        path.unlink(missing_ok=True)
        with Guard(policy, load("text")) as guard:
            guard.traffic = TrafficLog(path, digest_key=b"d", key=bytes.fromhex(KEY))
            for text in ("Tell me a safe bet against Liverpool tonight.", "A loaf of bread."):
                guard.check(text)
        said = headgate("policy", "diff", policy, paths[1], "--on", path, "--json", models=load("text"))
        report = json.loads(said.stdout)
        found[str(policy)] = (report["unknown"], report["exchanges"], report["newly_blocked"]["count"])
    assert found == {"default": (2, 0, 0), str(paths[0]): (0, 2, 1)}
    again = headgate("policy", "replay", path, "--policy", paths[0], models=load("text"))
    assert again.stdout.count("the same, byte for byte") == 2
    stranger = headgate("policy", "replay", path, "--policy", paths[0], models=load("text-research"))
    assert stranger.exit_code == 1
    assert stranger.stdout.count("another text model told what the texts are about") == 2


def test_what_a_shadow_did_otherwise_is_told_from_the_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    with Guard("default", fake()) as guard:
        guard.traffic = TrafficLog(path, digest_key=b"d", shadow=guard.under("strict").side())
        for text in ("A fine question.", f"A {BAD} question."):
            guard.check(text)
        live = guard.traffic.difference()
    found = headgate("policy", "shadow", path, "--json")
    (report,) = json.loads(found.stdout)["shadows"]
    assert found.exit_code == 1
    assert report == json.loads(msgspec.json.encode(live))
    assert "newly blocked: 1 (50.00%" in headgate("policy", "shadow", path).stdout
    (tmp_path / "bare").mkdir()
    told = headgate("policy", "shadow", _traffic(tmp_path / "bare"))
    assert (told.exit_code, "no exchange was tried" in told.stdout) == (0, True)


def test_verdicts_are_made_again_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _traffic(tmp_path, key=bytes.fromhex(KEY))
    monkeypatch.setenv("HEADGATE_TRAFFIC_KEY", KEY)
    found = headgate("policy", "replay", path, "--policy", "default")
    assert found.exit_code == 0
    assert found.stdout.count("the same, byte for byte") == 3
    other = headgate("policy", "replay", path, "--policy", "strict", "--json")
    assert other.exit_code == 1
    assert all("another policy" in one["why"] for one in json.loads(other.stdout)["exchanges"])
    missing = headgate("policy", "replay", path, "--policy", "default", "--id", "nope")
    assert (missing.exit_code, "holds no exchange" in missing.stderr) == (2, True)
