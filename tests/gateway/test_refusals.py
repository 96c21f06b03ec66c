from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.gateway.errors import failure
from headgate.gateway.refusals import Refusal, failure_at, refusal_body
from headgate.models.errors import UpstreamUnavailable

TOO_MANY = Refusal(status=429, message="slow down", type="requests", code="rate_limit_exceeded", limit=600)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/v1/chat/completions",
            {"error": {"message": "slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}},
        ),
        ("/v1/messages/count_tokens", {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}),
        ("/api/generate", {"error": "slow down"}),
        ("/v1/evaluate", {"error": "rate_limited", "message": "slow down", "limit": 600}),
    ],
)
def test_every_path_has_the_envelope_of_its_dialect(path: str, body: dict[str, Any]) -> None:
    assert json.loads(refusal_body(path, TOO_MANY)) == body


def test_a_key_that_ogr_does_not_know_gets_the_one_word_of_its_specification() -> None:
    assert json.loads(refusal_body("/v1/heartbeat", Refusal(status=401, message="a key is needed"))) == {
        "error": "unauthorized"
    }
    refused = Refusal(status=400, message="no", code="policy_not_allowed")
    assert json.loads(refusal_body("/v1/evaluate", refused)) == {"error": "policy_not_allowed", "message": "no"}


def test_an_error_keeps_its_status_kind_and_headers_in_every_dialect() -> None:
    error = UpstreamUnavailable("asleep", seconds=4.2)
    found = [failure_at(path, error) for path in ("/v1/audio/speech", "/v1/messages/batches", "/api/generate")]
    assert {(one.status, one.kind, tuple(one.headers)) for one in found} == {
        (503, "upstream_error", ((b"retry-after", b"5"),))
    }
    assert found[0].body == failure(error).body
    assert [json.loads(one.body) for one in found[1:]] == [
        {"type": "error", "error": {"type": "api_error", "message": "asleep"}},
        {"error": "asleep"},
    ]
