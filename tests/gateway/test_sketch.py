from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.sketch import LARGEST_ESTIMATE, Sketch, sketch

MESSAGES = [{"role": "user", "content": "Which birds dive?"}]


def seen(body: Any, key: bytes = b"key") -> Sketch:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return sketch(raw, variants=True, tokens=True, user=True, key=key)


def test_the_same_prompt_has_one_digest_whatever_else_differs() -> None:
    first = seen({"messages": MESSAGES, "temperature": 0.1, "model": "a"})
    other = seen(b'{"model": "b", "top_p": 0.5,  "messages": [ {"content": "Which birds dive?", "role": "user"} ]}')
    assert first.prompt == other.prompt != ""
    assert first.sampling != other.sampling


def test_another_prompt_has_another_digest() -> None:
    digests = {
        seen({"temperature": 1, **said}).prompt
        for said in (
            {"messages": MESSAGES},
            {"messages": MESSAGES * 2},
            {"prompt": "Which birds dive?"},
            {"input": "x"},
        )
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"temperature": 1}, {"temperature": 1, "seed": 7}, True),
        ({"temperature": 1}, {"temperature": 1, "top_p": None}, True),
        ({"temperature": 1}, {"temperature": 0.9}, False),
        ({"temperature": 1}, {"top_k": 1}, False),
        ({"options": {"temperature": 1}}, {"temperature": 1}, True),
    ],
)
def test_settings_are_told_apart(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    digests = {seen({"messages": MESSAGES, **given}).sampling for given in (one, other)}
    assert (len(digests) == 1) is same


def test_a_name_written_with_escapes_is_seen_too() -> None:
    body = b'{"messages": [], "temper\\u0061ture": 0.3}'
    assert seen(body).sampling != ""


def test_a_request_without_sampling_has_no_setting_of_its_own() -> None:
    assert seen({"messages": MESSAGES, "seed": 3}).sampling == ""


@pytest.mark.parametrize(
    "body",
    [
        {"safety_identifier": "ann"},
        {"user": "ann"},
        {"metadata": {"user_id": "ann"}},
        {"user": "", "metadata": {"user_id": "ann"}},
    ],
)
def test_an_end_user_is_found_and_never_kept_by_name(body: dict[str, Any]) -> None:
    found = seen(body)
    assert found.user == seen({"user": "ann"}).user
    assert "ann" not in found.user
    assert found.user != seen(body, key=b"other").user


def test_tokens_are_estimated_from_what_is_said_and_bounded() -> None:
    assert 5 <= seen({"messages": MESSAGES, "model": "m" * 1000}).tokens <= 20
    assert seen({"messages": "x" * 10_000_000}).tokens == LARGEST_ESTIMATE


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b"{", b"\xff", b'{"temperature": ' + b"[" * 2000 + b"]" * 2000 + b"}", b'{"user": 1, "metadata": 3}'],
)
def test_what_cannot_be_read_has_no_sketch_and_no_error(body: bytes) -> None:
    found = seen(body)
    assert (found.prompt, found.user) == ("", "")
