from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headgate.gateway.translate import fields
from headgate.models.errors import InputError

GOOD: list[tuple[Callable[..., Any], Any, Any]] = [
    (fields.number, 0.5, 0.5),
    (fields.whole, 3, 3),
    (fields.text, "a", "a"),
    (fields.needed, "", ""),
    (fields.flag, False, False),
    (fields.mapping, {"a": 1}, {"a": 1}),
    (fields.items, [{"a": 1}], [{"a": 1}]),
    (fields.texts, "a", ("a",)),
    (fields.texts, ["a", "b"], ("a", "b")),
]
EMPTY: list[tuple[Callable[..., Any], Any]] = [
    (fields.number, None), (fields.whole, None), (fields.text, None), (fields.flag, None), (fields.mapping, {}),
    (fields.items, []), (fields.texts, ()),
]  # fmt: skip
BAD: list[tuple[Callable[..., Any], Any]] = [
    (fields.number, True), (fields.number, "1"), (fields.whole, 1.5), (fields.text, 1), (fields.needed, None),
    (fields.flag, 1), (fields.mapping, []), (fields.items, {}), (fields.items, ["a"]), (fields.texts, [1]),
]  # fmt: skip


@pytest.mark.parametrize(("read", "value", "found"), GOOD)
def test_a_value_of_the_right_type_is_read(read: Callable[..., Any], value: Any, found: Any) -> None:
    assert read({"field": value}, "field") == found


@pytest.mark.parametrize(("read", "found"), EMPTY)
def test_what_is_left_out_is_nothing(read: Callable[..., Any], found: Any) -> None:
    assert read({}, "field") == read({"field": None}, "field") == found


@pytest.mark.parametrize(("read", "value"), BAD)
def test_a_wrong_type_is_an_error_with_the_fields_path(read: Callable[..., Any], value: Any) -> None:
    with pytest.raises(InputError) as caught:
        read({"field": value}, "field", path="a[0].")
    assert caught.value.param == "a[0].field"
