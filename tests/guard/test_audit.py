from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.audit import GENESIS, audit_key, dropping, key_id, link_of, sealed, verify
from headgate.models.errors import InputError

KEY = b"a key"


def chain(bodies: list[bytes], *, key: bytes | None = KEY, seq: int = 0, prev: str = GENESIS) -> list[bytes]:
    lines = []
    for number, body in enumerate(bodies, start=seq):
        lines.append(sealed(body, seq=number, prev=prev, key=key))
        link = link_of(lines[-1].rstrip(b"\n"))
        assert link is not None
        prev = link.seal
    return lines


def bodies(count: int) -> list[bytes]:
    return [json.dumps({"id": number, "text": '","chain":{"seq":7'}).encode() for number in range(count)]


def check(tmp_path: Path, lines: list[bytes], *, key: bytes | None = KEY) -> tuple[int, str] | None:
    """The line number and reason of the first fault."""
    file = tmp_path / "trail.jsonl"
    file.write_bytes(b"".join(lines))
    fault = verify([file], key=key).fault
    return None if fault is None else (fault.line, fault.reason)


def test_a_sealed_line_is_json_and_its_seal_is_an_hmac_of_place_and_body() -> None:
    (line,) = chain([b'{"a":1}'])
    found = json.loads(line)
    assert found["a"] == 1
    assert found["chain"] == {
        "seq": 0,
        "prev": GENESIS,
        "key": key_id(KEY),
        "seal": hmac.digest(KEY, f"0:{GENESIS}:".encode() + b'{"a":1}', "sha256").hex()[:32],
    }


def test_a_whole_trail_says_how_far_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "trail.jsonl"
    file.write_bytes(b"".join(chain(bodies(5))))
    found = verify([file], key=KEY)
    assert (found.fault, found.lines, found.first, found.last, found.keyed) == (None, 5, 0, 4, True)
    file.write_bytes(b"")
    assert verify([file], key=KEY).fault is None


@given(data=st.data())
def test_any_one_removed_changed_moved_or_added_line_shows_at_its_place(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("trail")
    lines = chain(bodies(6))
    at = data.draw(st.integers(0, 4))
    what = data.draw(st.sampled_from(["remove", "change", "swap", "repeat", "forge", "renumber"]))
    match what:
        case "remove":
            del lines[at]
        case "change":
            lines[at] = lines[at].replace(b'"id": %d' % at, b'"id": 9')
        case "swap":
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
        case "repeat":
            lines.insert(at, lines[at])
        case "forge":
            lines[at] = sealed(b'{"id":9}', seq=at, prev=GENESIS, key=b"another key")
        case "renumber":
            lines[at] = lines[at].replace(b'"seq":%d,' % at, b'"seq":%d,' % (at + 1))
    found = check(folder, lines)
    assert found is not None
    # A trail may begin with any record, so that of the first two lines, exchanged, the second is the one that is wrong.
    second = what == "repeat" or (what == "swap" and at == 0)
    assert found[0] == at + 1 + second


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ([2], "record 2 is missing before it"),
        ([1, 2], "records 1 to 2 are missing before it"),
        ([0], "starts at record 1"),
    ],
)
def test_missing_lines_are_counted(tmp_path: Path, without: list[int], words: str) -> None:
    lines = chain(bodies(5))
    found = check(tmp_path, [line for number, line in enumerate(lines) if number not in without])
    assert found is not None
    assert words in found[1]


def test_records_that_were_let_go_on_purpose_are_not_missing(tmp_path: Path) -> None:
    lines = chain([*bodies(3), dropping(1), b"{}"])
    assert check(tmp_path, lines[2:]) is None
    assert check(tmp_path, lines[3:]) == (1, "starts at record 3: what came before is not here")


def test_a_line_that_was_never_sealed_is_named(tmp_path: Path) -> None:
    assert check(tmp_path, [*chain(bodies(1)), b'{"id":1}\n']) == (2, "is not a sealed record")


def test_the_wrong_key_and_none_are_told_apart(tmp_path: Path) -> None:
    keyed, plain = chain(bodies(2)), chain(bodies(2), key=None)
    assert check(tmp_path, keyed, key=b"other") == (1, "was sealed with another key")
    assert check(tmp_path, keyed, key=None) == (1, "was sealed with a key: set HEADGATE_AUDIT_KEY or HEADGATE_HASH_KEY")
    assert check(tmp_path, plain) == (1, "was sealed without a key")
    assert check(tmp_path, plain, key=None) is None


def test_the_key_is_the_audit_key_or_derived_from_the_hash_key() -> None:
    assert audit_key({"HEADGATE_AUDIT_KEY": "a", "HEADGATE_HASH_KEY": "h"}) == b"a"
    derived = audit_key({"HEADGATE_HASH_KEY": "h"})
    assert derived not in (None, b"h")
    assert audit_key({}) is None
    assert key_id(None) == "none"


def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        verify([tmp_path / "absent"], key=None)
