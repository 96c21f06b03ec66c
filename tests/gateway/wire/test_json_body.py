from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.wire.json_body import decode_batch, decode_object
from headgate.models.errors import InputError

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=8)
    | st.sampled_from(['":', '" :', '\\"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), st.sampled_from([None, 2]))
def test_every_object_is_read_as_it_was_written(body: dict[str, Any], indent: int | None) -> None:
    assert decode_object(json.dumps(body, indent=indent).encode()) == body


@given(st.text(max_size=6), VALUES, VALUES)
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(key: str, one: Any, other: Any) -> None:
    name, first, second = (json.dumps(value) for value in (key, one, other))
    twice = f"{{{name}: {first}, {name}: {second}}}"
    for body in (twice, f'{{"x": [{twice}]}}', f'{{"x": "\\":", "y": {twice}}}'):
        with pytest.raises(InputError, match="twice"):
            decode_object(body.encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_an_input_error(raw: bytes) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(decode_object(raw), dict)


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert decode_object(nested(64))
    for depth in (65, 100_000):
        with pytest.raises(InputError, match="too deep"):
            decode_object(nested(depth))


def test_an_escaped_key_is_the_same_key() -> None:
    with pytest.raises(InputError, match="twice"):
        decode_object(b'{"content": "a", "\\u0063ontent": "b"}')


def test_numbers_keep_their_value() -> None:
    body = {"seed": 2**70, "temperature": 0.1}
    assert (
        msgspec.json.encode(decode_object(json.dumps(body).encode()))
        == b'{"seed":1180591620717411303424,"temperature":0.1}'
    )


def test_a_list_is_read_under_the_same_rules() -> None:
    assert decode_batch(b'[{"a": 1}, 2]') == [{"a": 1}, 2]
    assert decode_batch(b'{"a": 1}') == {"a": 1}
    with pytest.raises(InputError, match="twice"):
        decode_batch(b'[{"a": 1, "a": 2}]')
    with pytest.raises(InputError, match="or a list"):
        decode_batch(b'"a"')
