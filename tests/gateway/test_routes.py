from __future__ import annotations

import json

import pytest

from .conftest import Server


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/audio/speech"), ("POST", "/v1/rerank"), ("POST", "/api/generate"), ("GET", "/"), ("GET", "/v2")],
)
def test_a_route_that_nobody_guards_is_refused_and_told_what_is_served(server: Server, method: str, path: str) -> None:
    raw = server.send(method, path, b"{}")
    assert raw.status == 404
    error = json.loads(raw.lines[0])["error"]
    assert error["code"] == "unknown_url"
    assert "POST /v1/chat/completions" in error["message"]
    assert server.upstream.bodies == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/chat/completions"), ("DELETE", "/v1/models"), ("POST", "/readyz")]
)
def test_a_wrong_method_is_a_405_in_the_envelope(server: Server, method: str, path: str) -> None:
    raw = server.send(method, path)
    assert raw.status == 405
    assert "Served" in json.loads(raw.lines[0])["error"]["message"]
