from __future__ import annotations

import pytest

from headgate.gateway.headers import off_headers, stream_headers, verdict_headers, wishes
from headgate.models.errors import InputError
from headgate.policies.compile import load_policy
from headgate.policies.verdict import Action, Coverage, Missed, Verdict


def test_a_verdict_is_told_in_headers() -> None:
    missed = Missed(part="b", reason="off", action=Action.FLAG)
    coverage = Coverage(judged=("a",), unjudged=(missed,))
    verdict = Verdict(action=Action.FLAG, coverage=coverage, policy="mine", policy_hash="abc")
    assert dict(verdict_headers(verdict, identity="i", added_ms=1.234)) == {
        b"x-headgate-verdict": b"flag",
        b"x-headgate-policy": b"mine@abc",
        b"x-headgate-judged": b"1",
        b"x-headgate-unjudged": b"1",
        b"x-headgate-rounds": b"0",
        b"x-headgate-added-ms": b"1.23",
        b"x-headgate-id": b"i",
    }


def test_a_policys_name_cannot_break_out_of_its_header() -> None:
    verdict = Verdict(action=Action.FLAG, policy="a\r\nx: é", policy_hash="h")
    assert dict(verdict_headers(verdict, identity="i", added_ms=0))[b"x-headgate-policy"] == b"a??x: ?@h"


def test_a_stream_says_that_its_verdict_is_pending() -> None:
    policy = load_policy("default")
    found = dict(stream_headers(policy, identity="i", added_ms=0, rounds=1))
    assert found[b"x-headgate-verdict"] == b"pending"
    assert found[b"x-headgate-policy"] == f"default@{policy.hash}".encode()


def test_a_guard_that_is_off_judges_nothing() -> None:
    found = dict(off_headers(parts=3, identity="i"))
    assert (found[b"x-headgate-judged"], found[b"x-headgate-unjudged"]) == (b"0", b"3")


@pytest.mark.parametrize(
    ("headers", "stream", "deadline"),
    [
        ([], False, None),
        ([(b"x-headgate-deadline-ms", b"2500")], False, 2.5),
        ([(b"x-headgate-deadline-ms", b"2500")], True, 2.5),
        ([(b"x-stainless-read-timeout", b"600"), (b"x-headgate-deadline-ms", b"100")], False, 0.1),
        ([(b"x-stainless-read-timeout", b"600")], False, 600.0),
        ([(b"x-stainless-timeout", b"30")], False, 30.0),
        ([(b"x-stainless-read-timeout", b"600")], True, None),
        ([(b"x-stainless-read-timeout", b"nan")], False, None),
    ],
)
def test_a_deadline_is_the_callers_own_or_its_clients_timeout(
    headers: list[tuple[bytes, bytes]], stream: bool, deadline: float | None
) -> None:
    assert wishes(headers, stream=stream).deadline == deadline


@pytest.mark.parametrize("value", [b"soon", b"-1", b"0", b"inf", b""])
def test_a_deadline_that_is_none_names_its_header(value: bytes) -> None:
    with pytest.raises(InputError, match="positive number of milliseconds"):
        wishes([(b"x-headgate-deadline-ms", value)], stream=False)


def test_the_language_is_the_callers() -> None:
    assert wishes([(b"accept-language", b"de-AT,de;q=0.9")], stream=True).language == "de-AT,de;q=0.9"
