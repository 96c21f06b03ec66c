from __future__ import annotations

import json

import pytest

from headgate.gateway.asgi import TooLarge
from headgate.gateway.errors import envelope, failure, json_headers
from headgate.models.errors import (
    HeadgateError,
    InferenceFailed,
    InputError,
    ModelUnavailable,
    Overloaded,
    UpstreamError,
)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("wrong", param="n"), 400, "invalid_request"),
        (TooLarge("big"), 413, "request_too_large"),
        (UpstreamError("it failed"), 502, "upstream_error"),
        (UpstreamError("it failed", status=429), 429, "upstream_error"),
        (Overloaded("full"), 503, "overloaded"),
        (ModelUnavailable("gone"), 503, "model_unavailable"),
        (InferenceFailed("a secret"), 503, "inference_failed"),
        (HeadgateError("a secret"), 500, "internal_error"),
    ],
)
def test_every_error_of_ours_has_a_status_and_the_envelope(error: HeadgateError, status: int, code: str) -> None:
    found = failure(error)
    body = json.loads(found.body)
    assert found.status == status
    assert body["error"]["code"] == code
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert "secret" not in body["error"]["message"]


def test_who_is_shed_is_told_when_to_come_back() -> None:
    assert (b"retry-after", b"1") in json_headers(failure(Overloaded("full")))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "a"}}', "a"),
        (b'{"error": {"message": "a"}, "choices": "hidden"}', "a"),
        (b'{"object": "error", "message": "a"}', "it failed: a"),
        (b'{"error": "a", "hidden": 1}', "it failed: a"),
        (b'{"detail": "a"}', "it failed: a"),
        (b"hidden", "it failed"),
        (b"[" * 100_000, "it failed"),
    ],
)
def test_of_upstreams_error_only_what_it_says_comes_back(body: bytes, words: str) -> None:
    found = failure(UpstreamError("it failed", status=500, body=body))
    assert json.loads(found.body)["error"]["message"] == words
    assert b"hidden" not in found.body


def test_the_envelope_is_openais() -> None:
    assert json.loads(envelope("m", type="t")) == {"error": {"message": "m", "type": "t", "param": None, "code": None}}
