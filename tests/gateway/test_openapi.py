from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema_rs import validator_for

from headgate.gateway.openapi import document
from headgate.gateway.routes import SERVED

from .conftest import Server
from .wires import ROUTES, Route


def paths() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document())["paths"]
    return found


def test_it_lists_exactly_what_is_served() -> None:
    told = {f"{method.upper()} {path}" for path, methods in paths().items() for method in methods}
    assert told == set(SERVED.split(", "))


def test_it_is_served_without_a_key(server: Server) -> None:
    raw = server.send("GET", "/openapi.json")
    assert raw.status == 200
    assert json.loads(raw.lines[0])["openapi"] == "3.1.0"


@pytest.mark.parametrize("route", ROUTES, ids=[route.path for route in ROUTES])
def test_a_good_body_is_one_by_its_schema(route: Route) -> None:
    schema = paths()[route.path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert validator_for(schema).is_valid(route.body("Hello"))
    assert not validator_for(schema).is_valid(None)
