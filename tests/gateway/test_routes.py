from __future__ import annotations

import pytest

from .conftest import Server, Start
from .wires import PATHS, in_envelope


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/audio/speech"), ("POST", "/v1/rerank"), ("POST", "/api/generate"), ("GET", "/"), ("GET", "/v2")],
)
def test_a_route_that_nobody_guards_is_refused_and_told_what_is_served(server: Server, method: str, path: str) -> None:
    raw = server.send(method, path, b"{}")
    assert raw.status == 404
    assert in_envelope(path, raw.lines[0].encode())
    assert "POST /v1/chat/completions" in raw.lines[0]
    assert server.upstream.bodies == []


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        *(("GET", path, "POST") for path in PATHS),
        ("DELETE", "/v1/models", "GET"),
        ("PUT", "/v1/health", "GET"),
        ("POST", "/readyz", "GET"),
        ("POST", "/openapi.json", "GET"),
    ],
)
def test_a_wrong_method_is_a_405_in_the_envelope_that_names_the_right_one(
    server: Server, method: str, path: str, allow: str
) -> None:
    raw = server.send(method, path)
    assert raw.status == 405
    assert raw.headers["allow"] == allow
    assert in_envelope(path, raw.lines[0].encode())
    assert "Served" in raw.lines[0]


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/api/generate", "/v1/" + "x" * 500, "/%00%ff", "/v1/../x"])
def test_what_is_not_served_is_a_404_in_the_envelope_of_its_family(server: Server, path: str) -> None:
    raw = server.send("POST", path, b"{}")
    assert raw.status == 404
    assert in_envelope(path, raw.lines[0].encode())
    assert len(raw.lines[0]) < 1500


@pytest.mark.parametrize("path", PATHS)
def test_a_fault_of_ours_outside_of_any_handler_speaks_the_dialect(
    start: Start, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a secret text")

    server = start()
    monkeypatch.setattr("headgate.gateway.tenancy.Tenancy.known", fail)
    raw = server.post({}, path)
    assert raw.status == 500
    assert in_envelope(path, raw.lines[0].encode())
    assert "secret" not in raw.lines[0]
