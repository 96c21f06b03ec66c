from __future__ import annotations

from pathlib import Path

import pytest

from headgate.gateway.app import create_app
from headgate.gateway.config import Settings
from headgate.gateway.settings_file import read_text
from headgate.gateway.unjudged_routes import JUDGED, UnjudgedRoute, parse_unjudged
from headgate.models.errors import ConfigError


def test_a_line_is_a_method_a_path_and_perhaps_an_upstream() -> None:
    assert parse_unjudged(["POST /v1/audio/speech", "GET /v1/files/*"]) == (
        UnjudgedRoute(method="POST", path="/v1/audio/speech"),
        UnjudgedRoute(method="GET", path="/v1/files", goes_on=True),
    )
    (found,) = parse_unjudged(["DELETE /v1/files/* house"], ["house"])
    assert found.upstream == "house"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("POST", "must be METHOD /path"),
        ("SEND /v1/files", "must be METHOD /path"),
        ("POST v1/files", "must be METHOD /path"),
        ("POST /v1/fi*les", "must be METHOD /path"),
        ("POST /v1/%2e%2e/x", "must be METHOD /path"),
        ("POST /*", "must be METHOD /path"),
        ("POST /v1/../x", "without '.'"),
        ("POST /v1/chat/completions", "which is served"),
        ("GET /v1/models", "which is served"),
        ("POST /v1/*", "/v1/chat/completions"),
        ("POST /v1/messages/*", "/v1/messages/count_tokens"),
        ("POST /v1/files other", "names no upstream"),
    ],
)
def test_what_cannot_be_is_said(line: str, words: str) -> None:
    with pytest.raises(ConfigError, match="unjudged_routes") as caught:
        parse_unjudged([line])
    assert words in str(caught.value)


def test_with_several_upstreams_each_route_names_its_own() -> None:
    with pytest.raises(ConfigError, match="name its upstream"):
        parse_unjudged(["POST /v1/files"], ["a", "b"])


def test_a_file_with_such_a_route_is_a_fault_with_its_line() -> None:
    text = "version: 1\nupstream: http://x\nunjudged_routes: [POST /v1/chat/completions]\n"
    (fault,) = read_text(text, file="headgate.yaml", environment={}).diagnostics
    assert (fault.line, "which is served" in fault.message) == (3, True)
    assert not read_text(text.replace("chat/completions", "audio/speech"), file="f", environment={}).diagnostics


def test_every_path_that_is_served_is_kept_from_it(tmp_path: Path) -> None:
    app = create_app(Settings(upstream="http://x", policy="off"))
    assert {route.path for route in app.routes} == JUDGED
