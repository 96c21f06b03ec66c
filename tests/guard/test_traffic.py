from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from headgate.guard.guard import Guard
from headgate.guard.tape import replay
from headgate.guard.traffic import TrafficLog, bare, opened, read_traffic, seen_of, traffic_key, untried
from headgate.models.errors import ConfigError, InputError
from headgate.models.fakes import scores
from headgate.models.registry import load
from headgate.policies.compile import load_policy
from headgate.policies.diff import Side

from .commands.shell import fake
from .dialogue import BAD

KEY = bytes(range(32))
SECRET = f"My {BAD} secret."


def _recorded(path: Path, *, key: bytes | None = None, shadow: str = "") -> Guard:
    guard = Guard("default", fake())
    side = guard.under(shadow).side() if shadow else None
    guard.traffic = TrafficLog(path, digest_key=b"d", key=key, shadow=side)
    return guard


def test_scores_are_kept_and_no_content(tmp_path: Path) -> None:
    with _recorded(tmp_path / "t.jsonl") as guard:
        verdict = guard.check(SECRET, response=f"A {BAD} answer.")
    (record,) = read_traffic(tmp_path / "t.jsonl")
    assert record.verdict == verdict
    seen = seen_of(record)
    assert [part.part for part in seen.parts] == ["messages[0].content"]
    assert [[part.part for part in answer] for answer in seen.rounds] == [["response[0].content"]]
    assert BAD.encode() not in (tmp_path / "t.jsonl").read_bytes()
    with pytest.raises(InputError, match="holds no content"):
        opened(record, KEY)


def test_sealed_content_gives_the_verdict_again_to_the_byte(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    with _recorded(tmp_path / "t.jsonl", key=KEY) as guard:
        verdict = guard.check(SECRET, response=f"A {BAD} answer.")
        (record,) = read_traffic(tmp_path / "t.jsonl")
        assert replay(opened(record, KEY), guard.rules).verdict.to_json() == verdict.to_json()
    assert BAD.encode() not in (tmp_path / "t.jsonl").read_bytes()
    with pytest.raises(InputError, match="cannot be opened with this key"):
        opened(record, bytes(32))
    with pytest.raises(InputError, match="HEADGATE_TRAFFIC_KEY"):
        opened(record, None)


async def test_exchanges_on_an_event_loop_are_recorded_under_their_own_policy(tmp_path: Path) -> None:
    with _recorded(tmp_path / "t.jsonl") as guard:
        await guard.under("strict").acheck("Fine.")
    (record,) = read_traffic(tmp_path / "t.jsonl")
    assert record.verdict.policy == "strict"


def test_a_shadow_is_tried_on_everything_and_holds_nothing_back(tmp_path: Path) -> None:
    with _recorded(tmp_path / "t.jsonl", shadow="strict") as guard:
        assert guard.check(SECRET).action.value == "guideline"
        assert guard.check("Fine.").action.value == "allow"
        assert guard.traffic is not None
        found = guard.traffic.difference()
    assert found is not None
    assert (found.exchanges, found.newly_blocked.count) == (2, 1)
    first, second = read_traffic(tmp_path / "t.jsonl")
    assert (first.shadow_action, second.shadow_action) == ("refuse", "allow")
    assert first.shadow.startswith("strict@")


def test_a_shadow_looks_for_its_own_words_and_not_for_those_of_the_policy_in_force(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 1\nextends: default\nlists: {zoo: {words: [zebra], action: refuse}}\n")
    other = tmp_path / "other.yaml"
    other.write_text("version: 1\nextends: default\nlists: {sea: {words: [whale], action: refuse}}\n")
    with Guard(mine, fake()) as guard:
        side = guard.under(other).side()
        guard.traffic = TrafficLog(tmp_path / "t.jsonl", digest_key=b"d", shadow=side)
        for text in ("A zebra.", "A whale.", "A horse."):
            guard.check(text)
        found = guard.traffic.difference()
    assert found is not None
    assert (found.newly_blocked.count, found.newly_allowed.count, found.same) == (1, 1, 1)


def test_a_policy_is_tried_where_the_text_and_what_its_own_model_told_of_it_are_recorded(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    mine = tmp_path / "mine.yaml"
    mine.write_text("version: 1\nextends: default\ncustom: {bets: {examples: [A bet., Odds.], direction: input}}\n")
    with Guard(mine, load("text")) as guard:
        guard.traffic = TrafficLog(tmp_path / "t.jsonl", digest_key=b"d", key=KEY)
        guard.check("How do I bake bread?", images=[b"a picture"])
        (record,), side = read_traffic(tmp_path / "t.jsonl"), guard.side()
        looked = opened(record, KEY).looked
    (one,) = looked
    assert one.reader.endswith("+mean")
    assert not untried(record, side, looked)
    for missing in ([], [replace(one, meaning=b"")], [replace(one, reader="another's+mean")]):
        assert untried(record, side, missing)
    assert not untried(record, Side(load_policy("default")), [])


def test_what_texts_are_about_stays_with_their_content(tmp_path: Path) -> None:
    told = msgspec.structs.replace(scores(), meaning=b"about")
    assert bare(told) == scores()
    assert bare(scores()) == scores()


def test_a_key_is_64_hex_digits_or_none() -> None:
    assert traffic_key({}) is None
    assert traffic_key({"HEADGATE_TRAFFIC_KEY": "00" * 32}) == bytes(32)
    for wrong in ("00", "zz" * 32):
        with pytest.raises(ConfigError, match="64 hex digits"):
            traffic_key({"HEADGATE_TRAFFIC_KEY": wrong})


def test_a_line_that_is_none_is_named_and_a_place_that_cannot_be_written_too(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="line 1"):
        list(read_traffic(tmp_path / "t.jsonl"))
    with pytest.raises(ConfigError, match="cannot record traffic"):
        TrafficLog(tmp_path, digest_key=b"d")
