from __future__ import annotations

import contextlib
import itertools
import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.translate.neutral import Manners
from headgate.gateway.translate.tongues import CLIENTS, Translation
from headgate.models.errors import InputError, UpstreamError

BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Hi"}]},
    "messages": {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 5},
    "ollama": {"messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"input": "Hi"},
}
WHOLE: dict[str, dict[str, Any]] = {
    "chat": {"choices": [{"index": 0, "message": {"content": "Water is wet."}, "finish_reason": "stop"}]},
    "messages": {"type": "message", "content": [{"type": "text", "text": "Water is wet."}], "stop_reason": "end_turn"},
    "ollama": {"message": {"content": "Water is wet."}, "done": True},
}


@pytest.mark.parametrize(("client", "upstream"), list(itertools.product(sorted(CLIENTS), sorted(WHOLE))))
def test_everybody_can_talk_to_everybody(client: str, upstream: Any) -> None:
    pair = Translation(client=client, upstream=upstream)
    body = pair.request(BODIES[client], model="other", manners=Manners())
    assert body["model"] == "other"
    assert "Hi" in json.dumps(body["messages"])
    answer = pair.answer("x")
    assert b"Water is wet." in answer.whole(json.dumps(WHOLE[upstream]).encode())
    assert answer.over


def test_an_answer_that_is_none_is_upstreams_fault() -> None:
    with pytest.raises(UpstreamError):
        Translation(client="chat", upstream="messages").answer("x").whole(b'{"type": "message"}')


def test_a_stream_without_its_mark_is_ended_where_upstream_had_ended() -> None:
    answer = Translation(client="ollama", upstream="chat").answer("x")
    said = {"choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert b'"Hi"' in b"".join(answer.take(json.dumps(said).encode()))
    assert not answer.over
    (last,) = answer.finish()
    assert json.loads(last)["done"] is True


WORDS = re.split(
    r"\s+",
    """arguments assistant auto base64 call_id content custom data file function function_call
    function_call_output id image image_url input input_image input_text json_schema max_tokens
    media_type messages name options output parameters role schema source system text thinking tool
    tool_call_id tool_calls tool_choice tool_result tool_use tool_use_id tools type url user""",
)
WORD = st.sampled_from(WORDS)
MANNERS = Manners()
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 9) | WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.parametrize("client", sorted(CLIENTS))
@given(st.dictionaries(WORD, JSON, max_size=4), st.lists(st.dictionaries(WORD, JSON, max_size=5), max_size=3))
def test_whatever_is_asked_is__by_a_field(client: str, body: Any, turns: Any) -> None:
    whole = {**body, "messages": turns, "input": turns}
    for upstream in WHOLE:
        pair = Translation(client=client, upstream=upstream)  # type: ignore[arg-type]
        with contextlib.suppress(InputError):
            assert msgspec.json.encode(pair.request(whole, model="m", manners=MANNERS))
