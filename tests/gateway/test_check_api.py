from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier
from headgate.policies.compile import parse_policy

from .conftest import POLICY, RULES, Raw, Server, Start

CONVERSATION = [
    {"role": "user", "content": "Hello."},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "BAD things?"},
]


def check(server: Server, body: Any) -> Raw:
    return server.post(body, "/v1/check")


@pytest.mark.parametrize(
    "asked",
    [
        {"prompt": "Fine."},
        {"prompt": "WORST."},
        {"messages": CONVERSATION},
        {"prompt": "Tell me.", "response": "BAD words. More of them."},
        {"messages": CONVERSATION, "response": {"content": "WORST."}},
        {"response": "Fine."},
        {"prompt": "A castle, oil on canvas.", "purpose": "t2i"},
        {"prompt": "RAISE"},
    ],
)
def test_the_verdict_has_the_bytes_of_the_library(server: Server, asked: dict[str, Any]) -> None:
    given = {"text" if key == "prompt" else key: value for key, value in asked.items()}
    with Guard(parse_policy(POLICY), FakeClassifier(RULES)) as guard:
        expected = guard.check(**given).to_json().decode()
    assert check(server, asked).lines == [expected]


def test_a_list_is_answered_with_a_list_in_its_order(server: Server) -> None:
    raw = check(server, [{"prompt": "Fine."}, {"prompt": "WORST."}, {"prompt": "Fine.", "response": "BAD."}])
    assert [verdict["action"] for verdict in json.loads(raw.lines[0])] == ["allow", "refuse", "regenerate"]
    assert raw.headers["x-headgate-verdict"] == "refuse"
    assert raw.headers["x-headgate-judged"] == "4"
    assert [server.record(number)["delivery"] for number in (1, 2, 3)] == ["delivered", "refused", "withheld"]


def test_what_was_not_judged_stands_in_the_verdict(server: Server) -> None:
    raw = check(server, {"prompt": "RAISE"})
    assert raw.status == 200
    assert raw.headers["x-headgate-unjudged"] == "1"
    (missed,) = json.loads(raw.lines[0])["coverage"]["unjudged"]
    assert missed == {"part": "messages[0].content", "reason": "inference_failed", "action": "refuse"}


def test_no_file_of_the_server_is_read(server: Server) -> None:
    raw = check(server, {"prompt": "Look.", "images": ["/etc/hostname"]})
    assert raw.status == 400
    assert json.loads(raw.lines[0])["error"]["param"] == "images[0]"


@pytest.mark.parametrize(
    ("body", "status", "param", "words"),
    [
        (b"{", 400, None, "not JSON"),
        ({"text": "x"}, 400, None, "unknown field"),
        ({"prompt": 1}, 400, "prompt", "prompt"),
        ([{"prompt": "x"}, {"messages": [{"role": "x"}]}], 400, "[1].messages[0].role", "role must be one of"),
        (b" " * 2_000_000, 413, None, "at most"),
    ],
)
def test_every_fault_comes_in_the_envelope(start: Start, body: Any, status: int, param: str | None, words: str) -> None:
    raw = check(start(max_body=1_000_000), body)
    error = json.loads(raw.lines[0])["error"]
    assert raw.status == status
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert words in error["message"]


def test_without_a_guard_there_is_no_verdict(start: Start) -> None:
    raw = check(start("off"), {"prompt": "WORST."})
    assert raw.status == 503
    assert json.loads(raw.lines[0])["error"]["code"] == "no_guard"
