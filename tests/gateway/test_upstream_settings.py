from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headgate.gateway.config import Settings
from headgate.gateway.origin import Origin
from headgate.gateway.serve import Job
from headgate.gateway.upstream_settings import RouteSettings, UpstreamSettings, check_routes, check_upstream
from headgate.models.errors import ConfigError

GOOD = UpstreamSettings(url="http://x")


def test_a_sound_upstream_passes() -> None:
    check_upstream("a.b-c_1", GOOD)
    check_upstream("azure", UpstreamSettings(url="https://x.openai.azure.com", kind="azure", key="k"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"url": "localhost"}, "url must be a URL"),
        ({"url": "http://x/v1?a=b"}, "url must be a URL"),
        ({"url": "http://x:99999"}, "url must be a URL"),
        ({"url": "http://u:secret@x"}, "must not hold a password"),
        ({"url": "http://x/v1/chat/completions"}, "without /chat/completions"),
        ({"url": "http://x/v1/messages/"}, "without /messages"),
        ({"key": "a\nb"}, "key must be one line"),
        ({"key": ""}, "key must be one line"),
        ({"kind": "azure", "api_version": "../x"}, "api_version"),
    ],
)
def test_an_upstream_that_cannot_be_is_named_with_its_field_and_no_secret(more: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        check_upstream("up", UpstreamSettings(**{"url": "http://x", **more}))
    assert "upstreams.up." in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a/b", "a b", "-a", "é"])
def test_a_name_is_a_name(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name"):
        check_upstream(name, GOOD)


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ([], "routes are missing"),
        ([RouteSettings(model="", upstream="a")], r"routes\[0\].model"),
        ([RouteSettings(model="m", upstream="z")], "no upstream is named 'z': a, b are"),
        ([RouteSettings(model="m", upstream="a", fallback=("b/x", "z/y"))], "no upstream is named 'z'"),
        ([RouteSettings(model="m", upstream="a"), RouteSettings(model="m", upstream="b")], "another route already"),
        ([RouteSettings(model="m", upstream="a", rename="x-*")], "does not fill"),
    ],
)
def test_routes_that_lead_nowhere(routes: list[RouteSettings], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_routes({"a": GOOD, "b": GOOD}, routes)


def test_one_upstream_needs_no_routes() -> None:
    check_routes({"a": GOOD}, [])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "upstreams are missing"),
        ({"upstream": "http://x", "upstreams": {"a": GOOD}}, "stand beside upstream"),
        ({"upstreams": {"a": GOOD}, "breaker": 3}, "each has its own"),
        ({"upstream": "http://x", "routes": (RouteSettings(model="m", upstream="a"),)}, "no upstream is named"),
    ],
)
def test_settings_have_one_upstream_or_several(more: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Settings(**more)


def test_a_worker_is_told_the_same_settings() -> None:
    settings = Settings(upstreams={"a": GOOD}, routes=(RouteSettings(model="*", upstream="a", fallback=("a/x",)),))
    job = Job(settings=settings, origin=Origin())
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job
