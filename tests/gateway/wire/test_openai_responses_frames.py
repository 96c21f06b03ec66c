from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.errors import Failure
from headgate.gateway.wire.openai_responses_answer import Answer, read_event
from headgate.gateway.wire.openai_responses_frames import Frames
from headgate.gateway.wire.openai_responses_request import parse_responses
from headgate.guard.effects import Channel, Delta, Finish, Release
from headgate.policies.verdict import Action, Verdict

from ..openai_script import SEARCH, USAGE, called, events, response, said, thought

ALLOWED = Verdict(action=Action.ALLOW)


def frames() -> Frames:
    asked = parse_responses(msgspec.json.encode({"model": "m", "input": "Hello.", "stream": True}))
    return Frames(asked, "abc")


def finish(**more: Any) -> Finish:
    return Finish(**{"verdict": ALLOWED, "delivery": "delivered", "round": 1, **more})


def read(data: bytes) -> list[dict[str, Any]]:
    lines = [line for line in data.decode().split("\n") if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def answer(whole: dict[str, Any], chunk: int = 1000) -> tuple[Answer, list[Delta]]:
    found = Answer(items={}, texts={}, channels={})
    return found, [d for e in events(whole, chunk=chunk) for d in read_event(msgspec.json.encode(e), found)]


def passed(out: Frames, whole: dict[str, Any], chunk: int = 1000) -> bytes:
    """All frames of an answer whose texts are released as they come, and its calls at the end, as the loop does."""
    found = Answer(items={}, texts={}, channels={})
    data = b""
    calls: dict[Channel, str] = {}
    for event in events(whole, chunk=chunk):
        for delta in read_event(msgspec.json.encode(event), found):
            if delta.channel.kind == "tool_call":
                calls[delta.channel] = calls.get(delta.channel, "") + delta.text
            else:
                data += out.release(Release(delta.channel, delta.text), found)
    for channel, text in calls.items():
        data += out.release(Release(channel, text), found)
    return data + out.finish(finish(), found, USAGE)


_item = st.one_of(
    st.builds(lambda text: said(text), st.text(min_size=1)),
    st.builds(lambda one, two: said(one, two), st.text(min_size=1), st.text(min_size=1)),
    st.builds(lambda text: thought(text, encrypted_content="x" * 80), st.text(min_size=1)),
    st.just(thought(encrypted_content="x" * 80)),
    st.builds(lambda text: called(text), st.text(min_size=1)),
    st.just(SEARCH),
)


@settings(deadline=None)
@given(st.lists(_item, max_size=6))
def test_a_stream_whose_every_text_is_released_leaves_as_it_came(items: list[dict[str, Any]]) -> None:
    whole = response([{**item, "id": f"{item['id']}_{number}"} for number, item in enumerate(items)])
    came, left = events(whole, chunk=1000), read(passed(frames(), whole))
    for one, other in zip(came, left, strict=True):
        if "response" in one:
            kept = ("id", "status", "output", "incomplete_details", "model")
            assert [one["response"][key] for key in kept] == [other["response"][key] for key in kept]
            one, other = {**one, "response": None}, {**other, "response": None}
        assert one == other


@settings(deadline=None)
@given(st.integers(1, 40))
def test_pieces_of_a_stream_do_not_change_its_texts(chunk: int) -> None:
    whole = response([thought("Let me think."), said("One two three."), called('{"q": 1}')])
    assert read(passed(frames(), whole, chunk))[-1]["response"]["output"] == whole["output"]


def test_a_text_after_a_call_waits_for_it() -> None:
    out = frames()
    found, deltas = answer(response([said("One."), called("{}"), said("Two.", number=2)]))
    first, call, second = deltas
    assert read(out.release(Release(first.channel, "One."), found))[-1]["delta"] == "One."
    assert out.release(Release(second.channel, "Two."), found) == b""
    shown = read(out.release(Release(call.channel, "{}"), found))
    assert [event["delta"] for event in shown if event["type"].endswith("delta")] == ["{}", "Two."]


def test_calls_that_were_not_released_one_by_one_come_with_the_delivered_answer() -> None:
    found, _ = answer(response([called("{}"), called('{"q": 1}', 2)]))
    last = read(frames().finish(finish(), found, USAGE))[-1]
    assert last["response"]["output"] == [called("{}"), called('{"q": 1}', 2)]


def test_citations_leave_with_their_text_once_they_are_released() -> None:
    citation = {"type": "url_citation", "title": "Bread", "url": "https://x.test", "start_index": 0, "end_index": 1}
    message = said("One.")
    message["content"][0]["annotations"] = [citation]
    whole = response([message])
    assert read(passed(frames(), whole))[-1]["response"]["output"] == [message]
    out = frames()
    found, _ = answer(whole)
    out.release(Release(Channel(), "One."), found)
    assert read(out.finish(finish(delivery="cut", message="No."), found, None))[-1]["response"]["output"][0]["content"][
        0
    ] == {"type": "output_text", "text": "One.", "annotations": [], "logprobs": []}


def test_a_rejected_round_leaves_nothing_behind() -> None:
    out = frames()
    bad, _ = answer(response([thought(encrypted_content="x"), said("Bad.")], id="resp_bad"))
    good, deltas = answer(response([said("Good.", number=2)], id="resp_good"))
    assert bad.over
    data = out.release(Release(deltas[0].channel, "Good."), good) + out.finish(finish(round=2), good, USAGE)
    assert b"resp_bad" not in data
    assert read(data)[-1]["response"]["output"] == [said("Good.", number=2)]


def test_a_helpers_text_is_not_passed_off_as_upstreams_item() -> None:
    out = frames()
    found, _ = answer(response([thought(encrypted_content="x"), said("Bad words."), called("{}")]))
    data = out.release(Release(Channel(), "Kind words. "), found) + out.release(Release(Channel(), "More."), found)
    data += out.finish(finish(text="Kind words. More."), found, USAGE)
    (item,) = read(data)[-1]["response"]["output"]
    assert item["id"] == "msg_abc_0"
    assert item["content"][0]["text"] == "Kind words. More."
    assert read(data)[-1]["type"] == "response.completed"


def test_a_sentence_that_was_corrected_goes_on_in_its_item() -> None:
    out = frames()
    found, _ = answer(response([said("One. Bad. Three.")]))
    data = b"".join(out.release(Release(Channel(), text), found) for text in ("One. ", "Better. ", "Three."))
    data += out.finish(finish(), found, USAGE)
    assert read(data)[-1]["response"]["output"] == [said("One. Better. Three.")]


def test_a_refusal_has_an_id_of_ours_and_the_verdict_follows() -> None:
    found, _ = answer(response([said("Bad.")]))
    data = frames().finish(finish(delivery="refused", message="No."), found, USAGE)
    assert b"resp_up1" not in data
    assert data.endswith(b": headgate " + ALLOWED.to_json() + b"\n\n")
    last = read(data)[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["usage"] == USAGE


def test_a_prompt_that_never_went_upstream_is_refused_all_the_same() -> None:
    last = read(frames().finish(finish(delivery="supported", message="Call."), None, None))[-1]
    assert last["response"]["output"][0]["content"][0]["text"] == "Call."
    assert last["response"]["usage"]["total_tokens"] == 0


def test_an_error_is_taken_out_of_its_envelope() -> None:
    body = b'{"error": {"message": "m", "type": "t", "param": "p", "code": "c"}}'
    (event,) = read(frames().error(Failure(status=502, body=body)))
    assert event == {"type": "error", "sequence_number": 0, "code": "c", "message": "m", "param": "p"}
