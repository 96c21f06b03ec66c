from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.filter.sort import BOM, annotated, bin_of, ended, reason_of, unread
from headgate.models.assessment import Severity
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict


def _verdict(action: Action, **more: object) -> Verdict:
    return Verdict(action=action, policy="p", policy_hash="h", **more)  # type: ignore[arg-type]


FOUND = Finding(
    category="insult",
    severity=Severity.MINOR,
    confidence=0.81,
    threshold=0.5,
    part="text",
    rule="document.minor",
    action=Action.FLAG,
)


@pytest.mark.parametrize(
    ("action", "bin"),
    [
        ("allow", "kept"),
        ("flag", "review"),
        ("guideline", "review"),
        ("support", "review"),
        ("redact", "dropped"),
        ("correct", "dropped"),
        ("regenerate", "dropped"),
        ("refuse", "dropped"),
    ],
)
def test_every_action_has_its_file(action: str, bin: str) -> None:
    assert bin_of(_verdict(Action(action))) == bin
    assert bin_of(_verdict(Action(action), mode="monitor")) == "kept"


def test_the_reason_is_the_rule_that_decided() -> None:
    verdict = _verdict(Action.FLAG, findings=(FOUND,))
    assert reason_of(verdict) == "document.minor: insult (minor) in text, 0.81, threshold 0.50"


def test_the_reason_may_be_that_nobody_judged() -> None:
    missed = Missed(part="text", reason="too_long", action=Action.FLAG)
    assert reason_of(_verdict(Action.FLAG, coverage=Coverage(unjudged=(missed,)))) == "not judged: text: too_long"


ROWS = st.dictionaries(
    st.text(max_size=8), st.one_of(st.text(max_size=10), st.integers(), st.none(), st.lists(st.integers())), min_size=1
)


@given(ROWS, st.sampled_from(["\n", "\r\n", "", " \n"]), st.booleans())
def test_a_note_is_one_more_column_and_changes_no_other(row: dict[str, object], end: str, ascii_only: bool) -> None:
    raw = (json.dumps(row, ensure_ascii=ascii_only) + end).encode("utf-8", "surrogatepass")
    found = json.loads(annotated(raw, row, _verdict(Action.FLAG, findings=(FOUND,))))
    note = found.pop("headgate")
    assert found == {key: value for key, value in row.items() if key != "headgate"}
    assert note["reason"].startswith("document.minor")


def test_an_older_note_is_replaced_and_a_byte_order_mark_left_out() -> None:
    raw = BOM + b'{"text": "x", "headgate": 1}\n'
    line = annotated(raw, {"text": "x", "headgate": 1}, _verdict(Action.REFUSE))
    assert line.count(b'"headgate"') == 1
    assert annotated(BOM + b'{"text": "x"}\n', {"text": "x"}, _verdict(Action.REFUSE)).startswith(b"{")


def test_a_line_that_is_no_text_is_shown_escaped_and_a_huge_one_by_its_size() -> None:
    assert json.loads(unread("f", 3, b"\xff!\r\n", "why")) == {"file": "f", "line": 3, "reason": "why", "raw": "\\xff!"}
    assert json.loads(unread("f", 3, b"x" * (1 << 21), "why")) == {
        "file": "f",
        "line": 3,
        "reason": "why",
        "bytes": 1 << 21,
    }


def test_a_last_line_without_an_end_gets_one() -> None:
    assert [ended(b"{}"), ended(b"{}\n"), ended(b"{}\r\n")] == [b"{}\n", b"{}\n", b"{}\r\n"]
