"""The promises of tests/fuzz/entries.py over drawn inputs, a few for each: `make fuzz` looks longer."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from .entries import ENTRIES, SPLITTERS, holds

KEYS = [
    "arguments", "budget_tokens", "choices", "citations", "content", "data", "delta", "embedding", "error",
    "extends", "finish_reason", "function", "id", "image_url", "images", "index", "input", "input_audio",
    "instructions", "items", "kind", "limits", "max_tokens", "message", "messages", "metadata", "model", "n",
    "name", "options", "output", "output_index", "part", "payload", "prompt", "response", "role", "source",
    "stop_reason", "stream", "stream_options", "system", "temperature", "text", "texts", "thinking", "tool_calls",
    "tools", "top_p", "type", "url", "usage", "user", "variables", "version",
]  # fmt: skip
WORDS = [
    "assistant", "auto", "content_block_delta", "content_block_start", "message_start", "message_delta",
    "message_stop", "developer", "document", "function", "image", "image_url", "input_text", "message",
    "output_text", "ping", "refusal", "response.completed", "response.output_item.added",
    "response.output_text.delta", "signature_delta", "stop", "system", "text", "text_delta", "thinking",
    "thinking_delta", "tool", "tool_result", "tool_use", "user",
]  # fmt: skip
LEAVES = (
    st.sampled_from(WORDS)
    | st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([10**30, -1.5, 1e300, "", "\x00", "a" * 70])
    | st.text(max_size=5)
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)


def mixed(seed: bytes, other: Any, places: list[int]) -> bytes:
    """A known input with another value in some of its places."""
    try:
        body = json.loads(seed)
    except ValueError:
        return seed
    for place in places:
        body = _put(body, other, place)
    return json.dumps(body).encode()


def _put(node: Any, other: Any, place: int) -> Any:
    if isinstance(node, dict) and node:
        key = sorted(node)[place % len(node)]
        return {**node, key: _put(node[key], other, place // len(node))}
    if isinstance(node, list) and node:
        at = place % len(node)
        return [*node[:at], _put(node[at], other, place // len(node)), *node[at + 1 :]]
    return other


@pytest.mark.parametrize("name", ENTRIES)
@settings(max_examples=60, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_any_bytes_are_read_or_refused_with_the_error_that_is_promised(name: str, data: st.DataObject) -> None:
    seeds = st.sampled_from(ENTRIES[name].seeds)
    anything = st.binary(max_size=200) | BODIES.map(lambda body: json.dumps(body).encode())
    close = st.builds(mixed, seeds, BODIES, st.lists(st.integers(0, 10**6), min_size=1, max_size=3))
    raw = data.draw(anything | close | seeds)
    holds(name, raw)
    holds(name, b"data: " + raw + b"\n\n")


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"usage": ' + b'{"a":' * 1500, b'"\\ud800"', b"9" * 5000, b"\xff" * 99]
)
def test_the_usual_bombs_break_no_reader(name: str, raw: bytes) -> None:
    holds(name, raw)


@pytest.mark.parametrize("kind", SPLITTERS)
@given(
    raw=st.binary(max_size=80) | st.text("da:t \r\n{}", max_size=60).map(str.encode),
    places=st.lists(st.integers(0, 80)),
)
def test_any_cutting_gives_the_same_events(kind: str, raw: bytes, places: list[int]) -> None:
    def events(chunks: list[bytes]) -> list[bytes]:
        splitter = SPLITTERS[kind]()
        return [event for chunk in chunks for event in splitter.feed(chunk)] + splitter.finish()

    ends = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    assert events([raw[start:end] for start, end in itertools.pairwise(ends)]) == events([raw])
