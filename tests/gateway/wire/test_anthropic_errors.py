from __future__ import annotations

import msgspec
import pytest

from headgate.gateway.asgi import TooLarge
from headgate.gateway.wire.anthropic_errors import error_event, messages_failure
from headgate.models.errors import HeadgateError, InputError, NotJudged, Overloaded, UpstreamError

BUSY = b'{"type":"error","error":{"type":"overloaded_error"}}'
GONE = b'{"error":{"type":"NotFoundError","message":"m"}}'


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (InputError("x", param="p"), 400, "invalid_request_error"),
        (TooLarge("x"), 413, "request_too_large"),
        (NotJudged("x"), 503, "api_error"),
        (Overloaded("x"), 503, "overloaded_error"),
        (UpstreamError("x", status=529, body=BUSY), 529, "overloaded_error"),
        (UpstreamError("x", status=404, body=GONE), 404, "not_found_error"),
        (UpstreamError("x", status=500, body=b'{"error":"m"}'), 500, "api_error"),
        (None, 500, "api_error"),
    ],
)  # fmt: skip
def test_an_error_has_anthropics_envelope_and_kind(error: HeadgateError | None, status: int, kind: str) -> None:
    found = messages_failure(error)
    body = msgspec.json.decode(found.body)
    assert found.status == status
    assert body["type"] == "error"
    assert body["error"]["type"] == kind
    assert body["error"]["message"]


def test_an_error_in_a_stream_is_a_named_event() -> None:
    assert error_event(messages_failure(None)).startswith(b'event: error\ndata: {"type":"error",')
