from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from headgate.guard.prose import as_json, prose, words
from headgate.models.errors import InputError


def test_prose_is_what_could_be_language() -> None:
    assert prose({"a b": 1, "c": ["short", "zwei Wörter", "漢字", "x" * 65]}).split("\n") == [
        "a b",
        "zwei Wörter",
        "漢字",
        "x" * 65,
    ]
    assert prose([1, None, True, "name-1", {"k": "v"}]) == ""


def test_where_language_is_expected_single_words_count_too() -> None:
    assert words("one") == "one"
    assert words([{"type": "text", "text": "one"}]).split("\n") == ["text", "one"]
    assert words(None) == ""


@pytest.mark.parametrize(
    "value",
    [("some words",), {"some words"}, MappingProxyType({"k": "some words"}), b"some words", [bytearray(b"some words")]],
)
def test_whatever_holds_words_is_gone_through(value: Any) -> None:
    assert prose(value) == "some words"


def test_a_date_is_what_stands_for_it_in_json() -> None:
    assert prose(datetime(2020, 1, 1, tzinfo=UTC)) == ""


def test_what_json_cannot_hold_is_named() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InputError, match="holds a object") as caught:
        prose({"k": object()}, path="messages[0].k")
    assert caught.value.param == "messages[0].k"
    for value in ({"k": object()}, deep, "\ud800"):
        with pytest.raises(InputError) as caught:
            as_json(value, path="messages[0].x")
        assert caught.value.param == "messages[0].x"
