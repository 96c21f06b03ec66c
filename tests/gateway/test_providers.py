from __future__ import annotations

from typing import Any, get_args

import pytest

from headgate.gateway.config import Settings
from headgate.gateway.providers import PROVIDERS, Api, Kind
from headgate.gateway.upstream import Upstream
from headgate.gateway.upstream_settings import UpstreamSettings

CALLER = {"headers": [(b"authorization", b"Bearer theirs"), (b"openai-project", b"p"), (b"anthropic-beta", b"b")]}


async def headers(kind: Any, scope: Any = CALLER, **more: Any) -> dict[str, str]:
    settings = Settings(upstream="http://x")
    client = Upstream(settings, UpstreamSettings(url="http://x", kind=kind, **more), name="up")
    try:
        return client.headers(scope)
    finally:
        await client.close()


def test_every_kind_is_in_the_table_and_speaks_what_it_is_translated_to() -> None:
    assert set(PROVIDERS) == set(get_args(Kind))
    for provider in PROVIDERS.values():
        assert provider.tongue in provider.paths
        assert set(provider.paths) <= set(get_args(Api))


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [("openai", "authorization", "Bearer k"), ("azure", "api-key", "k"), ("anthropic", "x-api-key", "k")],
)
async def test_a_key_stands_where_its_kind_wants_it_and_the_callers_nowhere(kind: str, header: str, value: str) -> None:
    found = await headers(kind, key="k", forward_key=True)
    assert found[header] == value
    assert "theirs" not in str(found)


async def test_the_callers_key_goes_on_only_where_that_is_said() -> None:
    assert "theirs" not in str(await headers("vllm"))
    assert (await headers("vllm", forward_key=True))["authorization"] == "Bearer theirs"
    assert (await headers("anthropic", forward_key=True))["x-api-key"] == "theirs"
    basic = {"headers": [(b"authorization", b"Basic abc")]}
    assert "authorization" not in await headers("vllm", basic, forward_key=True)


async def test_headers_of_another_provider_stay_here() -> None:
    assert {"openai-project", "anthropic-beta"} & (await headers("openai")).keys() == {"openai-project"}
    assert {"openai-project", "anthropic-beta"} & (await headers("anthropic")).keys() == {"anthropic-beta"}
    assert not {"openai-project", "anthropic-beta"} & (await headers("vllm")).keys()
    assert (await headers("anthropic"))["anthropic-version"] == "2023-06-01"
