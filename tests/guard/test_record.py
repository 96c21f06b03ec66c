from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path

import pytest

from headgate.guard.record import Record, Recorder, encoded, hash_key, new_id, now, recorded
from headgate.models.content import Image, Role, Text
from headgate.models.errors import ConfigError
from headgate.policies.verdict import Action, Verdict


def _record(**more: object) -> Record:
    return Record(
        id=new_id(), time=now(), surface="cli", verdict=Verdict(action=Action.ALLOW), delivery="delivered", **more
    )  # type: ignore[arg-type]


def test_ids_are_version_7_uuids_that_sort_by_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert {uuid.UUID(one).version for one in ids} == {7}
    assert [one[:12] for one in ids] == sorted(one[:12] for one in ids)


def test_parts_are_recorded_by_keyed_digest_and_length_never_by_content() -> None:
    parts = (Text(text="a rare word: zyzzyva", path="messages[0].content"), Image(data=b"1234", path="images[0]"))
    found = recorded(parts, key=b"k")
    assert [(part.kind, part.role, part.length) for part in found] == [("text", Role.USER, 20), ("image", Role.USER, 4)]
    assert found[0].digest != recorded(parts, key=b"other")[0].digest
    assert found[0].digest == recorded(parts, key=b"k")[0].digest


def test_no_content_reaches_the_file(tmp_path: Path) -> None:
    target = tmp_path / "audit.jsonl"
    recorder = Recorder(target)
    recorder.write(_record(parts=recorded([Text(text="zyzzyva", context="quokka")], key=b"k")))
    recorder.close()
    assert "zyzzyva" not in target.read_text()
    assert "quokka" not in target.read_text()


def test_the_verdict_in_a_record_has_its_canonical_bytes() -> None:
    record = _record()
    line = encoded(record)
    assert b'"verdict":' + record.verdict.to_json() in line
    assert line.endswith(b"}\n")


def test_lines_of_many_threads_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "audit.jsonl"
    recorder = Recorder(target)
    threads = [threading.Thread(target=lambda: [recorder.write(_record()) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert len({row["id"] for row in rows}) == 200 == recorder.written


def test_an_existing_trail_is_added_to_and_is_private(tmp_path: Path) -> None:
    target = tmp_path / "audit.jsonl"
    for _ in range(2):
        recorder = Recorder(target)
        recorder.write(_record())
        recorder.close()
    assert len(target.read_text().splitlines()) == 2
    assert target.stat().st_mode & 0o077 == 0


def test_a_full_disk_loses_the_record_not_the_request() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    recorder = Recorder(full)
    recorder.write(_record())
    assert (recorder.written, recorder.lost) == (0, 1)


def test_a_trail_that_cannot_be_opened_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write audit records"):
        Recorder(tmp_path / "absent" / "audit.jsonl")


def test_a_recorder_without_a_target_writes_nothing() -> None:
    recorder = Recorder()
    recorder.write(_record())
    assert recorder.written == 0


def test_the_key_comes_from_the_environment_or_is_random() -> None:
    assert hash_key({"HEADGATE_HASH_KEY": "abc"}) == b"abc"
    assert hash_key({}) != hash_key({})
