"""The official client's Responses calls through a running gateway, before an upstream that speaks the same."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from headgate.guard.redact import MASK

from .conftest import POLICY, Server, Start
from .openai_script import SEARCH, called, responses, said, thought

LONG = "This is a first sentence that is fine. Here comes a second one, which is fine too. And a third. "
BLIND = POLICY + "regenerate: {strategy: blind, rounds: 2}\n"


def whole(server: Server, text: Any = "Tell me something.", **more: Any) -> Any:
    return server.client().responses.with_raw_response.create(model="m", input=text, **more)


def stream(server: Server, text: Any = "Tell me something.", **more: Any) -> list[Any]:
    return list(server.client().responses.create(model="m", input=text, stream=True, **more))


def kinds(events: list[Any]) -> list[str]:
    return [event.type.removeprefix("response.") for event in events]


def test_a_good_answer_passes_with_its_ids_and_usage(server: Server) -> None:
    server.upstream.script = responses(thought("Hm."), said("Water is wet."), called('{"q": 1}'))
    raw = whole(server, instructions="Be brief.")
    answer = raw.parse()
    assert (answer.id, answer.output_text, answer.status) == ("resp_up1", "Water is wet.", "completed")
    assert answer.instructions == "Be brief."
    assert answer.output[2].call_id == "call_1"
    assert answer.usage.total_tokens == 15
    assert raw.headers["x-headgate-verdict"] == "allow"
    assert raw.headers["x-headgate-judged"] == "5"
    assert server.upstream.bodies[0] == {"model": "m", "input": "Tell me something.", "instructions": "Be brief."}


def test_a_refused_prompt_is_an_incomplete_answer_with_a_refusal(server: Server) -> None:
    raw = whole(server, [{"role": "user", "content": "WORST thing"}])
    answer = raw.parse()
    assert server.upstream.bodies == []
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "content_filter")
    assert "violence" in answer.output[0].content[0].refusal
    assert answer.output_text == ""
    assert raw.headers["x-headgate-verdict"] == "refuse"


def test_a_bad_answer_is_made_again_under_guidance_and_never_shown(server: Server) -> None:
    server.upstream.script = [responses(said("BAD words.")), responses(said("Good words."), id="resp_2")]
    raw = whole(server, instructions="Be brief.")
    answer = raw.parse()
    assert (answer.output_text, answer.id) == ("Good words.", "resp_2")
    assert answer.instructions == "Be brief."
    assert answer.usage.total_tokens == 30
    assert raw.headers["x-headgate-rounds"] == "2"
    second = server.upstream.bodies[1]
    assert second["instructions"].startswith("Be brief.\n\n")
    assert "BAD" not in json.dumps(second)


@pytest.mark.parametrize(
    "item", [thought("BAD idea."), called('{"q": "BAD"}'), {**SEARCH, "action": {"query": "BAD"}}, said("BAD", "So.")]
)
def test_whatever_speaks_in_an_answer_can_have_it_refused(start: Start, item: Any) -> None:
    server = start(BLIND)
    for streamed in (False, True):
        server.upstream.bodies.clear()
        server.upstream.script = responses(item, stream=streamed)
        answer = stream(server)[-1].response if streamed else whole(server).parse()
        assert answer.status == "incomplete"
        assert len(server.upstream.bodies) == 2
        assert "BAD" not in answer.to_json()
        assert answer.usage.total_tokens == 30


def test_a_good_stream_comes_in_the_clients_own_order(server: Server) -> None:
    server.upstream.script = responses(thought("Hm."), said(LONG), called('{"q": 1}'), stream=True)
    events = stream(server)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert kinds(events)[:3] == ["created", "in_progress", "output_item.added"]
    assert kinds(events)[-1] == "completed"
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == LONG
    assert [item.type for item in events[-1].response.output] == ["reasoning", "message", "function_call"]
    assert events[-1].response.usage.total_tokens == 15


def test_the_clients_own_stream_helper_reads_it(server: Server) -> None:
    server.upstream.script = responses(thought("Hm."), SEARCH, said(LONG, "More."), called('{"q": 1}'), stream=True)
    with server.client().responses.stream(model="m", input="Tell me something.") as manager:
        for _ in manager:
            pass
        final = manager.get_final_response()
    assert final.output_text == LONG + "More."
    assert final.output[3].arguments == '{"q": 1}'


def test_a_stream_and_a_whole_answer_hold_the_same(server: Server) -> None:
    output = [thought("Hm.", encrypted_content="x" * 80), SEARCH, said(LONG), called('{"q": 1}')]
    server.upstream.script = responses(*output, stream=True)
    streamed = stream(server)[-1].response.to_dict()
    server.upstream.script = responses(*output)
    assert whole(server).parse().to_dict() == streamed


def test_a_stream_that_turns_bad_is_made_again_or_cut_with_a_refusal(start: Start) -> None:
    server = start(BLIND)
    server.upstream.script = [responses(said("BAD words."), stream=True), responses(said("Good."), stream=True)]
    assert stream(server)[-1].response.output_text == "Good."
    server.upstream.bodies.clear()
    server.upstream.script = responses(said(LONG + "And then WORST of all. " + LONG), stream=True)
    events = stream(server)
    shown = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert shown
    assert LONG.startswith(shown)
    assert kinds(events)[-1] == "incomplete"
    last = events[-1].response
    assert last.incomplete_details.reason == "content_filter"
    assert [part.type for part in last.output[0].content] == ["output_text", "refusal"]
    assert server.record(2)["delivery"] == "cut"


def test_a_refused_stream_is_whole_in_itself(server: Server) -> None:
    events = stream(server, "WORST thing")
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
        "incomplete",
    ]
    assert server.upstream.bodies == []


def test_the_error_style_is_a_400_also_for_a_stream(start: Start) -> None:
    server = start(POLICY + "block: {style: error}\n")
    for call in (whole, stream):
        with pytest.raises(openai.BadRequestError) as caught:
            call(server, "WORST")
        error: Any = caught.value.body
        assert (error["code"], error["param"]) == ("content_filter", "input")


def test_what_stands_behind_an_id_is_reported_as_unseen(server: Server, start: Start) -> None:
    server.upstream.script = responses(said("Fine."))
    raw = whole(server, previous_response_id="resp_0")
    assert raw.headers["x-headgate-unjudged"] == "1"
    assert server.upstream.bodies[0]["previous_response_id"] == "resp_0"
    assert server.record()["verdict"]["coverage"]["unjudged"][0]["part"] == "previous_response_id"
    strict = start(POLICY + "on_unjudged: strict\n")
    assert whole(strict, previous_response_id="resp_0").parse().status == "incomplete"


def test_an_earlier_turn_that_was_refused_is_masked_and_the_conversation_goes_on(server: Server) -> None:
    server.upstream.script = responses(said("Fine."))
    items = [
        {"role": "user", "content": "WORST thing"},
        {"role": "assistant", "content": "I can't help with that."},
        {"role": "user", "content": "What is the weather?"},
    ]
    assert whole(server, items).parse().output_text == "Fine."
    assert server.upstream.bodies[0]["input"][0]["content"] == MASK


def test_a_tools_result_is_judged_as_such(server: Server) -> None:
    items = [
        {"role": "user", "content": "Look it up."},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "WORST"},
    ]
    server.upstream.script = responses(said("Fine."))
    assert whole(server, items).headers["x-headgate-verdict"] != "allow"


@pytest.mark.parametrize("streamed", [False, True])
def test_an_error_of_upstream_is_the_callers_error(server: Server, streamed: bool) -> None:
    failed = responses(said("So."), stream=streamed, status="failed", error={"code": "server_error", "message": "down"})
    server.upstream.script = failed
    with pytest.raises(openai.APIStatusError) as caught:
        (stream if streamed else whole)(server)
    assert caught.value.status_code == 502
    assert caught.value.body["message"] == "down"  # type: ignore[index]


def test_a_stream_that_breaks_off_is_never_a_whole_answer(server: Server) -> None:
    reply = responses(said(LONG * 3), stream=True)
    server.upstream.script = reply
    reply.raw = (reply.raw or b"")[: len(reply.raw or b"") * 2 // 3]
    events = stream(server)
    assert events[-1].type == "error"
    assert events[-1].code == "upstream_error"


@pytest.mark.parametrize(
    "output", [[said("Take care.")], [said("Take", "care.")], [said("Take care."), called("{}")], [called("{}")]]
)
def test_help_lines_stand_beneath_an_answer_to_a_person_at_risk(start: Start, output: list[Any]) -> None:
    server = start(POLICY + "block: {support_mode: answer}\n")
    server.upstream.script = responses(*output)
    answer = whole(server, "SAD").parse()
    server.upstream.script = responses(*output, stream=True)
    final = stream(server, "SAD")[-1].response
    assert answer.output_text == final.output_text
    assert len(answer.output_text) > len("".join(item.get("arguments", "Take care.") for item in output)) + 20
    assert len({item.id for item in final.output}) == len(final.output)
    assert [item.type for item in answer.output] == [item.type for item in final.output]
