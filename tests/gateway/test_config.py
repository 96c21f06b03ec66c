from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.config import Settings, check_value, with_keys
from headgate.gateway.upstream_settings import UpstreamSettings
from headgate.models.errors import ConfigError


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"upstream": "localhost:8000"}, "must be a URL"),
        ({"upstream": "ftp://x/v1"}, "must be a URL"),
        ({"upstream": "http://"}, "must be a URL"),
        ({"upstream": "http://x:99999"}, "must be a URL"),
        ({"upstream": "http://x/v1?key=1"}, "must be a URL"),
        ({"upstream": "http://x/v1/chat/completions"}, "base URL"),
        ({"upstream": "http://me:secret@x/v1"}, "HEADGATE_UPSTREAM_KEY"),
        ({"port": 70000}, "from 0 to 65535"),
        ({"workers": 0}, "from 1 to 256"),
        ({"workers": True}, "from 1 to 256"),
        ({"keep_alive": float("nan")}, "from 0.01 to 3600"),
        ({"read_timeout": -1}, "from 0.01 to 3600"),
        ({"connect_timeout": 0}, "from 0.01 to 600"),
        ({"max_body": 10}, "from 1024"),
        ({"policy": ""}, "name of a policy"),
        ({"upstream_key": "a\nb"}, "one line"),
    ],
)
def test_settings_out_of_bounds_cannot_be_built(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Settings(**{"upstream": "http://x/v1", **wrong})


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("http://x", "http://x/v1"),
        ("http://x/", "http://x/v1"),
        ("http://x:80/v1/", "http://x:80/v1"),
        ("https://x/openai/v3", "https://x/openai/v3"),
    ],
)
def test_a_url_without_a_path_means_v1(given: str, base: str) -> None:
    assert Settings(upstream=given).base_url == base


def test_the_gateways_own_key_replaces_what_callers_send() -> None:
    found = with_keys(Settings(upstream="http://x"), {"HEADGATE_UPSTREAM_KEY": "k", "OPENAI_API_KEY": "o"})
    assert (found.upstream_key, found.key_overrides) == ("k", True)


@pytest.mark.parametrize("upstream", ["http://x", "https://openai.com.example", "https://notopenai.com"])
def test_nobody_but_openai_gets_the_openai_key(upstream: str) -> None:
    assert with_keys(Settings(upstream=upstream), {"OPENAI_API_KEY": "o"}).upstream_key is None
    found = with_keys(Settings(upstream="https://api.openai.com/v1"), {"OPENAI_API_KEY": "o"})
    assert (found.upstream_key, found.key_overrides) == ("o", False)


def test_only_the_policy_off_turns_the_guard_off() -> None:
    assert not Settings(upstream="http://x", policy="off").guarded
    assert Settings(upstream="http://x", policy="OFF").guarded


def test_a_kind_is_for_one_upstream() -> None:
    upstreams = {"a": UpstreamSettings(url="http://localhost:1")}
    with pytest.raises(ConfigError, match="upstream_kind is for one upstream"):
        Settings(upstreams=upstreams, upstream_kind="vllm")


@pytest.mark.parametrize("field", ["upstream", "otlp_endpoint"])
@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:sk-secret//sk-secret@host",
        "http://me:sk-secret@host/?a=b",
        "https://host/v1?key=sk-secret",
        "https://host/v1#sk-secret",
        "me:sk-secret@host",
        "http://me:sk-secret@host:port",
        "http://me:sk-secret@host/v1/chat/completions/v1/traces",
    ],
)
def test_a_url_that_cannot_be_is_told_without_its_password(field: str, url: str) -> None:
    with pytest.raises(ConfigError, match=field) as caught:
        check_value(field, url)
    assert "sk-secret" not in str(caught.value)


def test_a_kind_that_nobody_knows_is_told_with_those_that_are_known() -> None:
    with pytest.raises(
        ConfigError, match=r"upstream_kind \(--upstream-kind\) must be one of native, .*llamacpp; got 'x'"
    ):
        Settings(upstream="http://x", upstream_kind="x")  # type: ignore[arg-type]
