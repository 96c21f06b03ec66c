from __future__ import annotations

import json

from headgate.gateway.upstream_settings import RouteSettings, UpstreamSettings

from .conftest import Server, Start


def test_the_only_upstreams_list_is_passed_on(server: Server) -> None:
    raw = server.send("GET", "/v1/models")
    assert [model["id"] for model in json.loads(raw.lines[0])["data"]] == ["scripted"]


def test_an_upstream_that_does_not_answer_is_told(start: Start) -> None:
    assert start(url="http://127.0.0.1:9/v1").send("GET", "/v1/models").status == 502


def test_routes_are_listed_though_nobody_answers(start: Start) -> None:
    upstreams = {
        "dead": UpstreamSettings(url="http://127.0.0.1:9/v1"),
        "azure": UpstreamSettings(url="http://127.0.0.1:9", kind="azure"),
    }
    routes = (
        RouteSettings(model="m", upstream="dead"),
        RouteSettings(model="gpt-*", upstream="azure"),
        RouteSettings(model="*", upstream="dead"),
    )
    raw = start(url="", upstreams=upstreams, routes=routes).send("GET", "/v1/models")
    body = json.loads(raw.lines[0])
    assert [(model["id"], model["owned_by"]) for model in body["data"]] == [("m", "dead")]
    assert (body["first_id"], body["last_id"], body["has_more"]) == ("m", "m", False)
