from __future__ import annotations

import json
from typing import Any

from headgate.guard.redact import MASK

from ..upstream import Reply
from .conftest import POLICY, Raw, Server, Start

PATH = "/v1/messages/count_tokens"
COUNT = Reply(raw=b'{"input_tokens": 7, "note": "unjudged words"}')


def count(server: Server, text: str = "Hello.") -> Raw:
    return server.post({"model": "m", "messages": [{"role": "user", "content": text}]}, PATH)


def body(raw: Raw) -> Any:
    return json.loads("".join(raw.lines))


def test_the_number_passes_and_nothing_else(server: Server) -> None:
    server.upstream.script = COUNT
    raw = count(server)
    assert (raw.status, body(raw)) == (200, {"input_tokens": 7})
    assert raw.headers["x-headgate-verdict"] == "allow"
    record = server.record()
    assert (record["id"], record["delivery"]) == (raw.headers["x-headgate-id"], "delivered")


def test_what_is_refused_is_not_counted(server: Server) -> None:
    raw = count(server, "WORST thing")
    assert raw.status == 400
    assert body(raw)["error"]["type"] == "invalid_request_error"
    assert raw.headers["x-headgate-verdict"] == "refuse"
    assert server.upstream.bodies == []


def test_what_is_redacted_is_counted_masked(start: Start) -> None:
    server = start(POLICY + "categories: {violence: {input: redact}}\n")
    server.upstream.script = COUNT
    assert count(server, "BAD thing").status == 200
    assert server.upstream.bodies[0]["messages"] == [{"role": "user", "content": MASK}]


def test_upstreams_error_keeps_its_status(server: Server) -> None:
    server.upstream.script = Reply(
        status=429, raw=b'{"type":"error","error":{"type":"rate_limit_error","message":"m"}}'
    )
    raw = count(server)
    assert (raw.status, body(raw)["error"]["type"]) == (429, "rate_limit_error")


def test_what_is_no_number_is_an_error(server: Server) -> None:
    server.upstream.script = Reply(raw=b'{"input_tokens": "many"}')
    raw = count(server)
    assert (raw.status, body(raw)["error"]["type"]) == (502, "api_error")
