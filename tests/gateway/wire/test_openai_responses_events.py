from __future__ import annotations

import json
from typing import Any

import msgspec

from headgate.gateway.wire.openai_responses_answer import Slot
from headgate.gateway.wire.openai_responses_events import Events
from headgate.gateway.wire.openai_responses_request import parse_responses

from ..openai_script import SEARCH, called, said, thought


def events(**body: Any) -> Events:
    return Events(parse_responses(msgspec.json.encode({"model": "m", "input": "Hello.", **body})), identity="abc")


def read(data: bytes) -> list[dict[str, Any]]:
    """The events in these bytes; each is named twice, and by the same name."""
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        name, body = block.split("\n")
        found.append(json.loads(body.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def kinds(found: list[dict[str, Any]]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in found]


def test_a_text_is_opened_and_closed_in_the_apis_order_and_numbered() -> None:
    out = events()
    found = read(
        out.text(Slot(0, "text"), said(), "One. ") + out.text(Slot(0, "text"), said(), "Two.") + out.end({}, None)
    )
    assert kinds(found) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in found] == list(range(10))
    delta, done = found[4], found[6]
    assert delta == {
        "type": "response.output_text.delta",
        "sequence_number": 4,
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "One. ",
        "logprobs": [],
    }
    assert done["text"] == "One. Two."
    assert found[-1]["response"]["output"] == [said("One. Two.")]
    assert found[0]["response"]["output"] == []
    assert found[0]["response"]["status"] == "in_progress"


def test_each_part_of_an_item_has_its_index_and_each_item_too() -> None:
    out = events()
    data = out.text(Slot(0, "summary", 0), thought(), "Hm.") + out.text(Slot(0, "summary", 1), thought(), "So.")
    data += out.text(Slot(1, "text", 0), said(), "One.") + out.text(Slot(1, "text", 1), said(), "Two.")
    data += out.text(Slot(2, "arguments"), called("{}"), "{}") + out.end({}, None)
    deltas = [event for event in read(data) if event["type"].endswith(".delta")]
    places = [(e["output_index"], e.get("content_index"), e.get("summary_index"), e["item_id"]) for e in deltas]
    assert places == [
        (0, None, 0, "rs_1"),
        (0, None, 1, "rs_1"),
        (1, 0, None, "msg_1"),
        (1, 1, None, "msg_1"),
        (2, None, None, "fc_1"),
    ]
    assert out.output == [thought("Hm.", "So."), said("One.", "Two."), called("{}")]


def test_a_refusal_follows_what_is_out_in_the_same_message() -> None:
    out = events()
    found = read(out.text(Slot(0, "text"), said(), "One. ") + out.stop("No.", None, supported=False))
    assert kinds(found)[-7:] == [
        "content_part.done",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "incomplete",
    ]
    response = found[-1]["response"]
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "content_filter"}
    (message,) = response["output"]
    assert message["status"] == "incomplete"
    assert [part["type"] for part in message["content"]] == ["output_text", "refusal"]
    assert message["content"][1]["refusal"] == "No."


def test_a_refusal_alone_is_a_message_of_ours_and_help_is_a_text() -> None:
    for supported, kind in ((False, "refusal"), (True, "output_text")):
        (message,) = read(events().stop("Words.", None, supported=supported))[-1]["response"]["output"]
        assert message["id"] == "msg_abc"
        assert [part["type"] for part in message["content"]] == [kind]


def test_after_reasoning_a_refusal_is_a_message_of_its_own() -> None:
    out = events()
    found = read(out.text(Slot(0, "summary"), thought(), "Hm.") + out.stop("No.", None, supported=False))
    assert [item["type"] for item in found[-1]["response"]["output"]] == ["reasoning", "message"]


def test_an_item_without_texts_is_sent_at_once() -> None:
    out = events()
    found = read(out.whole(SEARCH) + out.end({}, None))
    assert kinds(found) == ["created", "in_progress", "output_item.added", "output_item.done", "completed"]
    assert found[2]["item"]["status"] == "in_progress"
    assert found[3]["item"] == SEARCH


def test_a_citation_belongs_to_the_open_text() -> None:
    out = events()
    citation = {"type": "url_citation", "title": "Bread", "url": "https://x.test", "start_index": 0, "end_index": 1}
    assert out.annotation(citation) == b""
    out.text(Slot(0, "text"), said(), "One.")
    (event,) = read(out.annotation(citation))
    assert (event["annotation_index"], event["annotation"], event["item_id"]) == (0, citation, "msg_1")
    out.close()
    assert out.output[0]["content"][0]["annotations"] == [citation]


def test_the_response_is_upstreams_with_the_callers_own_instructions() -> None:
    out = events(instructions="Be brief.")
    out.adopt({"id": "resp_up", "created_at": 5, "instructions": "Be brief. Be kind.", "hidden": "words"})
    response = read(out.begin())[0]["response"]
    assert (response["id"], response["created_at"], response["instructions"]) == ("resp_up", 5, "Be brief.")
    assert "hidden" not in response
    out.adopt({"id": "resp_other"})
    assert read(out.end({}, None))[-1]["response"]["id"] == "resp_up"


def test_an_answer_that_upstream_cut_short_ends_as_incomplete() -> None:
    head = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    last = read(events().end(head, {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}))[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["response"]["usage"]["output_tokens_details"] == {"reasoning_tokens": 0}


def test_an_error_in_a_stream_is_an_event_of_its_own() -> None:
    out = events()
    out.begin()
    (event,) = read(out.error(message="m", code="c", param=None))
    assert event == {"type": "error", "sequence_number": 2, "code": "c", "message": "m", "param": None}
