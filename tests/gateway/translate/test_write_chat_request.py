from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.translate.neutral import (
    Asked,
    Called,
    Content,
    Format,
    Manners,
    Picture,
    Result,
    Said,
    Tool,
    ToolChoice,
    Turn,
)
from headgate.gateway.translate.read_chat_request import read_chat_request
from headgate.gateway.translate.write_chat_request import write_chat_request
from headgate.models.errors import InputError

TEXT = st.text(min_size=1, max_size=9)
CALLS = st.builds(Called, id=TEXT, name=TEXT, arguments=TEXT)


def one(role: Any, *content: Content) -> Asked:
    return Asked(model="m", turns=(Turn(role=role, content=content),))


TURNS = st.one_of(
    st.builds(lambda text: Turn(role="system", content=(Said(text),)), TEXT),
    st.builds(lambda text: Turn(role="user", content=(Said(text),)), TEXT),
    st.builds(lambda text, call: Turn(role="assistant", content=(Said(text), call)), TEXT, CALLS),
    st.builds(lambda id, text: Turn(role="user", content=(Result(id=id, content=(Said(text),)),)), TEXT, TEXT),
)
ASKED = st.builds(
    Asked,
    model=TEXT,
    turns=st.lists(TURNS, max_size=4).map(tuple),
    tools=st.lists(st.builds(Tool, name=TEXT, schema=st.just({"type": "object"})), max_size=2).map(tuple),
    choice=st.none() | st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"])),
    format=st.none() | st.just(Format(path="response_format", schema={"type": "object"}, name="x", strict=True)),
    max_tokens=st.none() | st.integers(1, 99),
    temperature=st.none() | st.floats(0, 2),
    stop=st.lists(TEXT, max_size=2).map(tuple),
    seed=st.none() | st.integers(0, 9),
    stream=st.booleans(),
)


@given(ASKED)
def test_what_is_written_is_read_the_same(asked: Asked) -> None:
    assert read_chat_request(write_chat_request(asked, Manners())) == asked


def test_results_come_before_what_the_user_says_with_them() -> None:
    body = write_chat_request(one("user", Said("And?"), Result(id="c", content=(Said("42"),))), Manners())
    assert body["messages"] == [
        {"role": "tool", "tool_call_id": "c", "content": "42"},
        {"role": "user", "content": "And?"},
    ]


def test_the_upstreams_own_words_are_used() -> None:
    asked = Asked(model="m", turns=(), max_tokens=5, stream=True)
    body = write_chat_request(asked, Manners(max_tokens_field="max_completion_tokens", prefill="vllm"))
    assert body["max_completion_tokens"] == 5
    assert "max_tokens" not in body
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["stream_options"] == {"include_usage": True}


def test_what_this_upstream_does_not_take_is_refused() -> None:
    with pytest.raises(InputError, match="top_k"):
        write_chat_request(Asked(model="m", turns=(), top_k=3), Manners(extensions=False))
    image = Picture(path="messages[1].content[0]", url="https://x")
    with pytest.raises(InputError) as caught:
        write_chat_request(one("user", Result(id="c", content=(image,))), Manners())
    assert caught.value.param == "messages[1].content[0]"
