"""Answers of Anthropic's as upstream sends them, for the tests of its dialect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headgate.gateway.wire.anthropic_answer import Answer, fresh, read_event
from headgate.gateway.wire.sse import SseParser
from headgate.guard.effects import Delta

START: dict[str, Any] = {"id": "msg_up1", "type": "message", "role": "assistant", "model": "scripted", "content": []}
USAGE = {"input_tokens": 10, "output_tokens": 5}


def event(**data: Any) -> bytes:
    return b"event: " + data["type"].encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def block(index: int, opening: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    grown = (event(type="content_block_delta", index=index, delta=delta) for delta in deltas)
    start = event(type="content_block_start", index=index, content_block=opening)
    return start + b"".join(grown) + event(type="content_block_stop", index=index)


def text(index: int, *pieces: str) -> bytes:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def thinking(index: int, *pieces: str, signature: str = "Zm9v") -> bytes:
    said = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    opening = {"type": "thinking", "thinking": "", "signature": ""}
    return block(index, opening, *said, {"type": "signature_delta", "signature": signature})


def call(index: int, *pieces: str, name: str = "f") -> bytes:
    opening = {"type": "tool_use", "id": f"t{index}", "name": name, "input": {}}
    return block(index, opening, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))


def stream(*blocks: bytes, stop_reason: str = "end_turn", **delta: Any) -> bytes:
    usage = {"input_tokens": 10, "output_tokens": 1}
    head = event(type="message_start", message={**START, "stop_reason": None, "usage": usage})
    end = {"stop_reason": stop_reason, "stop_sequence": None, **delta}
    ending = event(type="message_delta", delta=end, usage={"output_tokens": 5}) + event(type="message_stop")
    return head + event(type="ping") + b"".join(blocks) + ending


def read(raw: bytes, *, sizes: Iterator[int] | None = None) -> tuple[Answer, list[Delta]]:
    """What is read of a stream that comes in chunks of these sizes; all at once where None."""
    parser, answer, deltas = SseParser(), fresh(40), []
    while raw:
        size = next(sizes, 1) if sizes is not None else len(raw)
        chunk, raw = raw[:size], raw[size:]
        for data in parser.feed(chunk):
            deltas += read_event(data, answer)
    for data in parser.finish():
        deltas += read_event(data, answer)
    return answer, deltas
