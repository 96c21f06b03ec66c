from __future__ import annotations

import json

import pytest

from headgate.gateway.openai_routes import SERVED

from ..upstream import Reply
from .conftest import Server, Start

PATHS = [route.removeprefix("POST ") for route in SERVED.split(", ")]


@pytest.mark.parametrize("path", PATHS)
def test_each_route_takes_posts_alone_and_says_so(server: Server, path: str) -> None:
    raw = server.send("GET", path)
    assert (raw.status, raw.headers["allow"]) == (405, "POST")
    assert path in json.loads(raw.lines[0])["error"]["message"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("field", "value", "parts"), [("input", ["WORST", "b"], 3), ("prompt", "WORST", 2), ("input", [1, 2], 2)]
)
def test_without_a_guard_all_passes_as_it_came_and_is_counted(
    start: Start, path: str, field: str, value: object, parts: int
) -> None:
    server = start("off")
    server.upstream.script = Reply(raw=b'{"any":  "thing"}')
    raw = server.post({field: value}, path)
    assert raw.lines == ['{"any":  "thing"}']
    assert raw.headers["x-headgate-verdict"] == "unjudged"
    assert raw.headers["x-headgate-unjudged"] == str(parts)
    assert server.upstream.bodies == [{field: value}]


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_cannot_be_read_is_a_400_in_the_envelope(server: Server, path: str) -> None:
    raw = server.post(b"{", path)
    assert (raw.status, json.loads(raw.lines[0])["error"]["code"]) == (400, "invalid_request")
