from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.gateway.errors import Failure
from headgate.gateway.wire.anthropic_answer import CONTENT, THINKING, Answer
from headgate.gateway.wire.anthropic_frames import MessageFrames
from headgate.gateway.wire.anthropic_request import parse_messages
from headgate.gateway.wire.sse import SseParser
from headgate.guard.effects import Channel, Delta, Finish, Release
from headgate.policies.verdict import Action, Verdict

from .anthropic_events import block, call, read, stream, text, thinking

ASKED = parse_messages(b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stop_sequences": ["END"]}')
DELIVERED = Finish(verdict=Verdict(action=Action.ALLOW), delivery="delivered", round=1)
CITED = {"type": "char_location", "cited_text": "quoted words"}
FULL = stream(
    thinking(0, "Let me ", "see."),
    block(1, {"type": "redacted_thinking", "data": "Zm9v"}),
    block(
        2, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Good day."},
        {"type": "citations_delta", "citation": CITED},
    ),
    text(3, " More", " of it."),
    call(4, '{"q":1}'),
    stop_reason="tool_use",
)  # fmt: skip


def frames() -> MessageFrames:
    return MessageFrames(ASKED, "ours")


def events(data: bytes) -> list[Any]:
    return [msgspec.json.decode(found) for found in SseParser().feed(data)]


def brief(data: bytes) -> list[str]:
    """Each event in a word, and in its order."""
    found = []
    for event in events(data):
        match event["type"]:
            case "content_block_start":
                found.append(f"{event['index']}<{event['content_block']['type']}")
            case "content_block_delta":
                kind, *more = event["delta"].values()
                found.append(
                    f"{event['index']} {kind.removesuffix('_delta')} {more[0] if kind != 'citations_delta' else ''}"
                )
            case "content_block_stop":
                found.append(f"{event['index']}>")
            case "message_delta":
                found.append(f"end {event['delta']['stop_reason']}")
            case kind:
                found.append(kind)
    return found


def shown(answer: Answer, deltas: list[Delta], finish: Finish = DELIVERED) -> bytes:
    writer = frames()
    data = b"".join(writer.release(Release(delta.channel, delta.text), answer) for delta in deltas)
    return data + writer.finish(finish, answer, {"input_tokens": 10, "output_tokens": 5})


WHOLE = [
    "message_start", "0<thinking", "0 thinking Let me ", "0 thinking see.", "0 signature Zm9v", "0>",
    "1<redacted_thinking", "1>", "2<text", "2 text Good day.", "2 citations ", "2>",
    "3<text", "3 text  More", "3 text  of it.", "3>", "4<tool_use", '4 input_json {"q":1}', "4>",
    "end tool_use", "message_stop",
]  # fmt: skip


def test_a_delivered_answer_has_upstreams_blocks_in_upstreams_order() -> None:
    data = shown(*read(FULL))
    assert brief(data) == WHOLE
    first, last = events(data)[0], events(data)[-2]
    assert first["message"]["id"] == "msg_up1"
    assert first["message"]["content"] == []
    assert last["usage"] == {"input_tokens": 10, "output_tokens": 5}
    assert b'\n: headgate {"action":"allow"' in data


def joined(answer: Answer) -> list[Delta]:
    """Each text at once, in the order in which they began."""
    return [Delta(channel, answer.text(channel)) for channel in answer.runs]


@settings(deadline=None)
@given(st.data())
def test_texts_released_in_any_pieces_and_any_order_come_out_the_same(data: Any) -> None:
    answer, _ = read(FULL)
    pieces = []
    for number, whole in enumerate(joined(answer)):
        cuts = sorted({0, len(whole.text), *data.draw(st.lists(st.integers(0, len(whole.text)), max_size=4))})
        pieces += [(number, Delta(whole.channel, whole.text[a:b])) for a, b in pairwise(cuts)]
    order = data.draw(st.permutations(range(len(pieces))))
    ranks = {channel: iter([p for c, p in pieces if c == channel]) for channel, _ in pieces}
    mixed = [next(ranks[pieces[index][0]]) for index in order]
    assert content_of(events(shown(answer, mixed))) == content_of(events(shown(*read(FULL))))


def content_of(found: list[Any]) -> list[Any]:
    """What a client has put together at the end; the order of events is checked on the way."""
    blocks: list[Any] = []
    open_ = None
    assert [found[0]["type"], found[-2]["type"], found[-1]["type"]] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    for event in found[1:-2]:
        match event["type"]:
            case "content_block_start":
                assert open_ is None
                open_ = event["index"]
                assert open_ == len(blocks)
                blocks.append(dict(event["content_block"]))
            case "content_block_delta":
                assert open_ == event["index"]
                kind, value = event["delta"].values()
                key = "cited" if kind == "citations_delta" else kind
                blocks[-1][key] = blocks[-1].get(key, "") + (value if isinstance(value, str) else "#")
            case "content_block_stop":
                assert open_ == event["index"]
                open_ = None
    assert open_ is None
    return blocks


def test_a_later_block_waits_for_an_earlier_one() -> None:
    answer, _ = read(stream(call(0, "{}"), text(1, "After.")))
    writer = frames()
    assert brief(writer.release(Release(CONTENT, "After."), answer)) == ["message_start"]
    assert brief(writer.release(Release(Channel(0, "tool_call", 0), "{}"), answer)) == [
        "0<tool_use", "0 input_json {}", "0>", "1<text", "1 text After.", "1>",
    ]  # fmt: skip


def test_a_refused_prompt_is_a_message_of_ours_that_refuses() -> None:
    refused = Finish(verdict=Verdict(action=Action.REFUSE), delivery="refused", message="No.")
    data = frames().finish(refused, None, None)
    assert brief(data) == ["message_start", "0<text", "0 text No.", "0>", "end refusal", "message_stop"]
    first, last = events(data)[0]["message"], events(data)[-2]
    assert (first["id"], first["model"]) == ("msg_ours", "m")
    assert last["delta"]["stop_details"] == {"type": "refusal", "category": None, "explanation": "No."}
    assert last["usage"] == {"input_tokens": 0, "output_tokens": 0}


def test_a_cut_stream_ends_its_block_and_refuses_in_one_of_its_own() -> None:
    answer, _ = read(stream(text(0, "Good. ", "Bad.")))
    writer = frames()
    data = writer.release(Release(CONTENT, "Good. "), answer)
    cut = Finish(verdict=Verdict(action=Action.REFUSE), delivery="cut", message="No.", round=1)
    data += writer.finish(cut, answer, None)
    assert brief(data) == [
        "message_start", "0<text", "0 text Good. ", "0>", "1<text", "1 text No.", "1>", "end refusal", "message_stop",
    ]  # fmt: skip


def test_an_answer_goes_on_in_the_block_where_an_earlier_one_stopped() -> None:
    writer = frames()
    first, _ = read(stream(text(0, "Good. ", "Bad.")).split(b"event: content_block_stop")[0])
    second, _ = read(stream(text(0, "Better.")))
    data = writer.release(Release(CONTENT, "Good. "), first) + writer.release(Release(CONTENT, "Better."), second)
    data += writer.finish(DELIVERED, second, None)
    assert brief(data) == [
        "message_start",
        "0<text",
        "0 text Good. ",
        "0 text Better.",
        "0>",
        "end end_turn",
        "message_stop",
    ]


def test_a_helpers_text_stands_alone_and_ends_like_an_answer() -> None:
    writer = frames()
    answer, _ = read(stream(thinking(0, "Bad thought."), text(1, "Bad."), call(2, "{}")))
    data = writer.release(Release(CONTENT, "A better answer."), answer)
    helped = Finish(verdict=Verdict(action=Action.CORRECT), delivery="delivered", round=2, text="A better answer.")
    data += writer.finish(helped, answer, None)
    assert brief(data) == ["message_start", "0<text", "0 text A better answer.", "0>", "end end_turn", "message_stop"]


def test_a_corrected_sentence_and_an_appendix_stand_in_text_and_the_call_comes_after() -> None:
    answer, _ = read(
        stream(thinking(0, "Hm."), text(1, "One. ", "Two. ", "Three."), call(2, "{}"), stop_reason="tool_use")
    )
    writer = frames()
    released = [(THINKING, "Hm."), (CONTENT, "One. "), (CONTENT, "Deux. "), (CONTENT, "Three.")]
    data = b"".join(writer.release(Release(channel, said), answer) for channel, said in released)
    data += writer.release(Release(Channel(0, "tool_call", 0), "{}"), answer)
    data += writer.release(Release(CONTENT, "\n\nCall 1."), answer)
    data += writer.finish(DELIVERED, answer, None)
    blocks = content_of(events(data))
    assert [found["type"] for found in blocks] == ["thinking", "text", "tool_use", "text"]
    assert blocks[1]["text_delta"] == "One. Deux. Three."
    assert blocks[3]["text_delta"] == "\n\nCall 1."


@pytest.mark.parametrize(("said", "told"), [("END", "END"), ("something else", None)])
def test_a_stop_sequence_is_told_where_it_was_asked_for(said: str, told: str | None) -> None:
    answer, deltas = read(stream(text(0, "Good."), stop_reason="stop_sequence", stop_sequence=said))
    assert events(shown(answer, deltas))[-2]["delta"]["stop_sequence"] == told


def test_an_empty_answer_is_a_message_all_the_same() -> None:
    assert brief(shown(*read(stream()))) == ["message_start", "end end_turn", "message_stop"]


def test_an_error_is_an_event_of_its_own() -> None:
    assert frames().error(Failure(status=500, body=b"{}")) == b"event: error\ndata: {}\n\n"
