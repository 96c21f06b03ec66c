from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.wire.openai_embeddings import MOST_INPUTS, parse_embeddings, read_vectors
from headgate.models.content import Opaque, Role, Text
from headgate.models.errors import InputError, UpstreamError


def parsed(**body: Any) -> Any:
    return parse_embeddings(msgspec.json.encode({"model": "m", **body}))


def test_each_text_is_a_part_with_its_path() -> None:
    assert parsed(input="One.").parts == (Text(text="One.", path="input"),)
    assert [(part.text, part.path) for part in parsed(input=["One.", "Two."]).parts] == [
        ("One.", "input[0]"),
        ("Two.", "input[1]"),
    ]


def test_token_ids_are_parts_that_nobody_can_read() -> None:
    assert parsed(input=[1, 2]).parts == (Opaque(type="token_ids", data=b"[1,2]", path="input"),)
    text, ids = parsed(input=["One.", [3]]).parts
    assert isinstance(text, Text)
    assert ids == Opaque(type="token_ids", data=b"[3]", path="input[1]")


def test_language_in_a_field_that_is_not_known_is_judged_too() -> None:
    parts = parsed(input="One.", user="some name here", instruction="Embed this as a query").parts
    assert parts[1:] == (Text(text="Embed this as a query", role=Role.DOCUMENT, path="instruction"),)


@pytest.mark.parametrize("value", [None, [], {}, 5, True, [True], ["a", 1], [[]], [["a"]], [None]])
def test_what_is_neither_text_nor_tokens_is_refused_with_the_remedy(value: Any) -> None:
    with pytest.raises(InputError, match="'input'") as caught:
        parsed(input=value)
    assert caught.value.param == "input"


def test_too_many_texts_are_refused() -> None:
    with pytest.raises(InputError, match="several requests"):
        parsed(input=["x"] * (MOST_INPUTS + 1))


def test_vectors_pass_to_the_digit_and_nothing_else_does() -> None:
    raw = (
        b'{"object": "list", "model": "e", "note": "words", "usage": {"prompt_tokens": 1, "total_tokens": 1}, "data": '
        b'[{"object": "embedding", "index": 0, "embedding": [1e-05, 0.10], "text": "words"},'
        b' {"index": 1, "embedding": "AAAA"}]}'
    )
    found = read_vectors(raw)
    body = found.body
    assert found.usage == {"prompt_tokens": 1, "total_tokens": 1}
    assert b"[1e-05, 0.10]" in body
    assert json.loads(body) == {
        "object": "list",
        "model": "e",
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
        "data": [
            {"object": "embedding", "index": 0, "embedding": [1e-05, 0.1]},
            {"object": "embedding", "index": 1, "embedding": "AAAA"},
        ],
    }


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"data": [{}]}', b'{"data": [{"index": 0, "embedding": {"a": "words"}}]}', b"\xff"]
)
def test_an_answer_without_vectors_is_upstreams_fault(raw: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read_vectors(raw)
    assert caught.value.status == 502
