from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.ticket import Usage
from headgate.gateway.usage import KEPT, UsageReader, usage_of

SAID = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "details": {"cached": 1}}


def read(*pieces: bytes) -> Usage | None:
    reader = UsageReader()
    for piece in pieces:
        reader.feed(piece)
    return reader.usage()


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"choices": [], "usage": SAID}),
        json.dumps({"usage": SAID, "choices": ["x" * 500]}, indent=2),
        f"data: {json.dumps({'usage': SAID, 'choices': []})}\n\ndata: [DONE]\n\n",
        f"event: message_delta\ndata: {json.dumps({'usage': {'input_tokens': 10, 'output_tokens': 5}})}\n\n",
        '{"message": {}}\n{"done": true, "prompt_eval_count": 10, "eval_count": 5}\n',
    ],
)
def test_every_dialects_usage_is_read(body: str) -> None:
    assert read(body.encode()) == Usage(prompt=10, completion=5)


def test_words_in_an_answer_are_no_usage() -> None:
    text = json.dumps({"content": json.dumps({"usage": {"prompt_tokens": 0, "completion_tokens": 0}})})
    assert read(text.encode()) is None
    assert read(json.dumps({"usage": SAID, "content": text}).encode()) == Usage(prompt=10, completion=5)


@given(cuts=st.lists(st.integers(0, 200), max_size=5), before=st.integers(0, 2 * KEPT))
def test_it_does_not_matter_how_the_answer_was_cut(cuts: list[int], before: int) -> None:
    body = json.dumps({"content": "x" * before, "usage": SAID}).encode()
    places = sorted({0, len(body), *(min(len(body), cut) for cut in cuts)})
    assert read(*(body[a:b] for a, b in pairwise(places))) == Usage(prompt=10, completion=5)


@pytest.mark.parametrize("told", [None, [], {}, {"prompt_tokens": "10"}, {"prompt_tokens": -1}, {"input_tokens": True}])
def test_what_is_no_count_is_not_counted(told: object) -> None:
    assert usage_of(told) is None


def test_an_answer_without_usage_is_unknown_and_not_nothing() -> None:
    assert read(b'{"usage": null}') is None
    assert read(b'{"usage": {"prompt_tokens": 1') is None
    assert read() is None
