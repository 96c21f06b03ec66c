from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.translate.neutral import Begun, Ended, Event, Grew, Spent, added_up
from headgate.gateway.translate.read_answer import AnswerReader
from headgate.gateway.translate.see_ollama import SEE_OLLAMA
from headgate.gateway.translate.write_ollama_answer import OllamaAnswerWriter

from .answers import ANSWER, TEXT, streamed, texts, told


def test_an_answer_is_read_as_it_was_written() -> None:
    read = streamed(SEE_OLLAMA, OllamaAnswerWriter("x").events(ANSWER))
    # A call without arguments has an empty object for them here.
    assert texts(read) == texts(ANSWER)
    assert [call.name for call in added_up(read).calls.values()] == ["f", "g"]
    assert told(read)[-2:] == told(ANSWER)[-2:]
    whole = AnswerReader(SEE_OLLAMA).whole(OllamaAnswerWriter("x").whole(ANSWER))
    assert added_up(whole) == added_up(read)


@given(st.lists(st.tuples(st.sampled_from(["content", "reasoning"]), TEXT), max_size=5))
def test_whatever_is_said_comes_through(pieces: list[tuple[Any, str]]) -> None:
    events: list[Event] = [Begun(id="", model="m"), *(Grew(*piece) for piece in pieces), Ended(reason="end")]
    assert texts(streamed(SEE_OLLAMA, OllamaAnswerWriter("x").events(events))) == texts(events)


@pytest.mark.parametrize(("reason", "found"), [("end", "stop"), ("length", "length"), ("refusal", "content_filter")])
def test_why_it_ended_and_what_it_took(reason: Any, found: str) -> None:
    events: list[Event] = [Begun(id="", model="m"), Spent(prompt=1, completion=2), Ended(reason=reason)]
    body = json.loads(OllamaAnswerWriter("x").whole(events))
    assert (body["done"], body["done_reason"], body["prompt_eval_count"], body["eval_count"]) == (True, found, 1, 2)
