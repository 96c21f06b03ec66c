from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_responses_answer import Answer, read_body
from headgate.gateway.wire.openai_responses_request import ResponsesRequest, parse_responses
from headgate.gateway.wire.openai_responses_whole import (
    delivered,
    estimated,
    judged_item,
    refused,
    refused_as_error,
    usage_of,
)
from headgate.guard.effects import Finish
from headgate.policies.verdict import Action, Round, Verdict

from ..openai_script import SEARCH, USAGE, called, response, said, thought

OUTPUT = [thought("Hm.", encrypted_content="x" * 80), SEARCH, said("One."), called("{}")]


def asked(**body: Any) -> ResponsesRequest:
    return parse_responses(msgspec.json.encode({"model": "m", "input": "Hello.", **body}))


def answer(whole: dict[str, Any]) -> Answer:
    found = Answer(items={}, texts={}, channels={})
    read_body(msgspec.json.encode(whole), found)
    return found


def shown(whole: dict[str, Any], text: str | None = None, **body: Any) -> dict[str, Any]:
    data = delivered(answer(whole), asked=asked(**body), identity="abc", usage=USAGE, text=text)
    found: dict[str, Any] = json.loads(data)
    return found


def test_a_delivered_answer_is_upstreams_with_the_callers_own_instructions() -> None:
    whole = response(OUTPUT)
    found = shown(whole, instructions="Be brief.")
    assert found["output"] == OUTPUT
    assert {key: found[key] for key in whole} == {**whole, "instructions": "Be brief."}


def test_what_nothing_judged_is_left_out() -> None:
    message = said("One.", hidden="some words here", phase="final_answer")
    message["content"][0]["secret"] = "more words here"
    found = shown(response([message], note="and more words"))
    assert found["output"] == [said("One.", phase="final_answer")]
    assert "note" not in found


def test_a_helpers_text_stands_in_for_all_that_upstream_said() -> None:
    found = shown(response(OUTPUT, status="incomplete", incomplete_details={"reason": "max_output_tokens"}), text="So.")
    assert [item["content"][0]["text"] for item in found["output"]] == ["So."]
    assert (found["status"], found["incomplete_details"]) == ("completed", None)


@pytest.mark.parametrize(("delivery", "kind"), [("refused", "refusal"), ("supported", "output_text")])
def test_a_refusal_is_an_incomplete_answer_of_ours(delivery: Any, kind: str) -> None:
    finish = Finish(verdict=Verdict(action=Action.REFUSE), delivery=delivery, message="No.")
    found = json.loads(refused(finish, asked=asked(), identity="abc", usage=None))
    assert found["status"] == "incomplete"
    assert found["incomplete_details"] == {"reason": "content_filter"}
    assert found["id"] == "resp_abc"
    (message,) = found["output"]
    assert message["status"] == "incomplete"
    (part,) = message["content"]
    assert part["type"] == kind
    assert "No." in part.values()
    assert found["usage"]["total_tokens"] == 0


@pytest.mark.parametrize(
    ("rounds", "param"), [((), "input"), ((Round(round=1, strategy="x", action=Action.REFUSE),), None)]
)
def test_the_error_style_names_the_input_where_that_was_it(rounds: Any, param: str | None) -> None:
    finish = Finish(verdict=Verdict(action=Action.REFUSE, rounds=rounds), delivery="refused", message="No.")
    error = refused_as_error(finish)["error"]
    assert (error["code"], error["param"], error["message"]) == ("content_filter", param, "No.")


def test_an_item_of_another_kind_passes_as_it_was_judged() -> None:
    assert judged_item(SEARCH) == SEARCH


def test_usage_has_the_details_that_clients_read() -> None:
    assert usage_of(USAGE) == USAGE
    assert usage_of(None)["input_tokens_details"] == {"cached_tokens": 0}
    assert estimated(Answer(asked=10, said=5)) == {
        "input_tokens": 3,
        "output_tokens": 2,
        "total_tokens": 5,
        "estimated": True,
    }
