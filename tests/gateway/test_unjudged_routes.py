from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.gateway.app import create_app
from headgate.gateway.config import Settings
from headgate.gateway.settings_file import read_text
from headgate.gateway.unjudged_routes import JUDGED, UnjudgedRoute, areas, narrowest, parse_unjudged
from headgate.gateway.upstream_settings import UpstreamSettings
from headgate.models.errors import ConfigError

NAMED = {name: UpstreamSettings(url=f"http://{name}/v1") for name in ("house", "guest")}


def test_a_line_is_a_method_a_path_and_perhaps_an_upstream() -> None:
    assert parse_unjudged(["POST /v1/audio/speech", "GET /v1/files/*"]) == (
        UnjudgedRoute(method="POST", path="/v1/audio/speech"),
        UnjudgedRoute(method="GET", path="/v1/files", goes_on=True),
    )
    (found,) = parse_unjudged(["DELETE /v1/files/* house"], NAMED)
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
        parse_unjudged(["POST /v1/files"], NAMED)


@pytest.mark.parametrize(
    ("url", "kind", "line"),
    [
        ("http://x/openai", "native", "POST /chat/completions"),
        ("http://x/openai/", "native", "POST /chat/*"),
        ("http://x/openai", "native", "POST /v1/api/chat"),
        ("http://x/openai", "openai", "POST /videos"),
        ("http://x/v1", "native", "POST /chat/completions"),
        ("http://x", "azure", "POST /openai/deployments/gpt-4o/chat/completions"),
        ("http://x", "azure", "POST /openai/deployments/*"),
        ("http://x", "azure", "POST /openai/*"),
    ],
)
def test_what_leads_to_where_the_judged_goes_is_refused(url: str, kind: Any, line: str) -> None:
    with pytest.raises(ConfigError, match="where what is judged goes"):
        Settings(upstream=url, upstream_kind=kind, unjudged_routes=(line,))
    with pytest.raises(ConfigError, match="where what is judged goes"):
        parse_unjudged([f"{line} a"], {"a": UpstreamSettings(url=url, kind=kind)})


@pytest.mark.parametrize(
    ("url", "kind", "line"),
    [
        ("http://x/openai", "native", "POST /audio/speech"),
        ("http://x/openai", "native", "GET /v1/responses/*"),
        ("http://x", "azure", "POST /openai/deployments/whisper/audio/speech"),
        ("http://x", "anthropic", "POST /v1/messages/batches"),
    ],
)
def test_what_leads_elsewhere_is_not(url: str, kind: Any, line: str) -> None:
    assert Settings(upstream=url, upstream_kind=kind, unjudged_routes=(line,)).unjudged_routes == (line,)


def test_one_method_of_one_path_is_named_once() -> None:
    for lines in (["POST /v1/files house", "POST /v1/files guest"], ["GET /v1/files/* house"] * 2):
        with pytest.raises(ConfigError, match="stands twice"):
            parse_unjudged(lines, NAMED)
    assert len(parse_unjudged(["GET /v1/files/*", "GET /v1/files", "POST /v1/files"])) == 3


def test_an_area_holds_whatever_lies_within_it_and_the_narrowest_route_counts() -> None:
    lines = [
        "POST /v1/files/batch",
        "GET /v1/files/*",
        "GET /v1/files",
        "DELETE /v1/files/batch/*",
        "GET /v1/filesystem",
    ]
    found = areas(parse_unjudged(lines))
    assert [(area[0].path, area[0].goes_on, len(area)) for area in found] == [
        ("/v1/files", True, 3),
        ("/v1/files", False, 1),
        ("/v1/filesystem", False, 1),
    ]
    area = found[0]
    assert {method: one.path for method, one in narrowest(area, "/v1/files/batch").items()} == {
        "GET": "/v1/files",
        "POST": "/v1/files/batch",
    }
    assert set(narrowest(area, "/v1/files/batch/1")) == {"GET", "DELETE"}
    assert narrowest(area, "/v1/files") == {}


def test_a_path_alone_holds_nothing_below_it() -> None:
    wide, alone = parse_unjudged(["GET /v1/files/*", "GET /v1/files"])
    assert [wide.holds(alone), alone.holds(wide), alone.holds(alone), wide.holds(wide)] == [False, False, True, True]


def test_a_file_with_such_a_route_is_a_fault_with_its_line() -> None:
    text = "version: 1\nupstream: http://x\nunjudged_routes: [POST /v1/chat/completions]\n"
    (fault,) = read_text(text, file="headgate.yaml", environment={}).diagnostics
    assert (fault.line, "which is served" in fault.message) == (3, True)
    assert not read_text(text.replace("chat/completions", "audio/speech"), file="f", environment={}).diagnostics


@pytest.mark.parametrize(
    "upstream",
    [
        "upstream: http://x/openai\n",
        "upstream: http://x\nupstream_kind: azure\n",
        "upstreams: {a: {url: http://x, kind: azure}}\n",
    ],
)
def test_a_file_that_leads_to_where_the_judged_goes_has_a_fault_at_the_route(upstream: str) -> None:
    named = " a" if "upstreams" in upstream else ""
    path = "/openai/*" if "azure" in upstream else "/chat/completions"
    text = f"version: 1\n{upstream}unjudged_routes: [POST {path}{named}]\n"
    (fault,) = read_text(text, file="headgate.yaml", environment={}).diagnostics
    assert (fault.line, "where what is judged goes" in fault.message) == (text.count("\n"), True)


def test_a_wrong_upstream_does_not_hide_a_wrong_route() -> None:
    text = "version: 1\nupstream: nonsense\nunjudged_routes: [POST /v1/chat/completions]\n"
    assert [fault.line for fault in read_text(text, file="f", environment={}).diagnostics] == [2, 3]


def test_every_path_that_is_served_is_kept_from_it(tmp_path: Path) -> None:
    app = create_app(Settings(upstream="http://x", policy="off"))
    assert {route.path for route in app.routes} == JUDGED
