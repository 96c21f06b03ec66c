from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.anthropic_masks import masked_request
from headgate.gateway.wire.anthropic_request import parse_messages
from headgate.guard.redact import MASK
from headgate.models.content import Opaque, Text

CONTENT: list[Any] = [
    {"type": "text", "text": "plain secret"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAEC"}},
    {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "result secret"}]},
    {"type": "document", "title": "title secret", "source": {"type": "base64", "data": "AAEC"}},
    {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"title": "search secret"}]},
]
SAID: list[Any] = [
    {"type": "thinking", "thinking": "thought secret", "signature": "Zm9v"},
    {"type": "tool_use", "id": "t", "name": "f", "input": {"q": "called secret"}},
]
BODY: dict[str, Any] = {
    "model": "m",
    "system": "system secret",
    "messages": [{"role": "user", "content": CONTENT}, {"role": "assistant", "content": SAID}],
    "tools": [{"name": "f", "description": "tool secret", "input_schema": {"type": "object"}}],
    "output_config": {"hint": "hint secret"},
}
PARTS = parse_messages(msgspec.json.encode(BODY)).parts


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.path)
def test_whatever_is_judged_can_be_masked_and_stays_a_request(part: Any) -> None:
    before = copy.deepcopy(BODY)
    changed = masked_request(BODY, [part.path])
    assert before == BODY
    told = msgspec.json.encode(changed)
    if isinstance(part, Text):
        assert part.text.encode() not in told
    if isinstance(part, Opaque):
        assert changed["messages"][0]["content"][3] == {"type": "text", "text": MASK}
    for other in PARTS:
        if isinstance(other, Text) and not other.path.startswith(part.path):
            assert other.text.strip('{}"').removeprefix('q":"').encode() in told
    again = parse_messages(told)
    assert not [p for p in again.parts if isinstance(p, Text) and isinstance(part, Text) and p.text == part.text]


def test_shapes_are_kept() -> None:
    changed = masked_request(BODY, [part.path for part in PARTS])
    blocks = changed["messages"][0]["content"]
    assert [block["type"] for block in blocks] == ["text", "text", "tool_result", "text", "text"]
    assert blocks[2] == {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": MASK}]}
    assert changed["messages"][1]["content"] == [
        {"type": "text", "text": MASK},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    ]
    assert changed["tools"] == [{"name": "f", "description": MASK, "input_schema": {"type": "object"}}]
    assert "output_config" not in changed
    assert changed["system"] == MASK


def test_a_field_of_the_request_that_is_called_content_is_taken_out_alone() -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "content": [{"note": "some words"}]}
    assert masked_request(body, ["content"]) == {"messages": [{"role": "user", "content": "x"}]}
