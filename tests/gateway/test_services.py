from __future__ import annotations

import json

import pytest

from headgate.gateway.services import SERVED

from .conftest import Server


@pytest.mark.parametrize("route", SERVED.split(", "))
def test_every_route_is_served_and_told_of(server: Server, route: str) -> None:
    method, path = route.split(" ")
    assert server.send(method, path, b"{}" if method == "POST" else None).status != 404
    assert route in json.loads(server.send("GET", "/nowhere").lines[0])["error"]["message"]


@pytest.mark.parametrize("route", SERVED.split(", "))
def test_another_method_is_a_405(server: Server, route: str) -> None:
    method, path = route.split(" ")
    raw = server.send("DELETE", path)
    assert raw.status == 405
    assert raw.headers["allow"] == method
