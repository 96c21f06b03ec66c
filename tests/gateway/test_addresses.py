from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.addresses import base_of, judged_urls, passed_to, reached
from headgate.gateway.upstream_settings import UpstreamSettings


def spec(url: str, kind: Any = "native") -> UpstreamSettings:
    return UpstreamSettings(url=url, kind=kind)


@pytest.mark.parametrize(
    ("url", "root", "base"),
    [
        ("http://x", "http://x", "http://x/v1"),
        ("http://x/v1/", "http://x", "http://x/v1"),
        ("http://x/openai", "http://x/openai", "http://x/openai"),
        ("http://x/openai/v1", "http://x/openai", "http://x/openai/v1"),
    ],
)
def test_paths_are_added_to_the_base_or_the_root(url: str, root: str, base: str) -> None:
    assert base_of(spec(url)) == (root, base)
    assert passed_to(spec(url), "/v1/files") == f"{base}/files"
    assert passed_to(spec(url), "/files") == f"{root}/files"


def test_what_is_judged_is_known_at_the_base_and_at_the_root() -> None:
    found = judged_urls(spec("http://x/v1"))
    assert {"http://x/v1/chat/completions", "http://x/chat/completions", "http://x/api/chat"} <= found
    assert "http://x/openai/deployments/{model}/chat/completions" not in found
    assert "http://x/openai/deployments/{model}/chat/completions" in judged_urls(spec("http://x", "azure"))


def test_a_target_reaches_itself_or_what_is_below_it_and_any_name_of_a_model() -> None:
    urls = frozenset({"http://x/a/{model}/b", "http://x/c"})
    assert reached("http://x/a/gpt/b", urls, below=False) == ["http://x/a/{model}/b"]
    assert reached("http://x/a/gpt", urls, below=True) == ["http://x/a/{model}/b"]
    assert reached("http://x/a/gpt", urls, below=False) == []
    assert reached("http://x/c", urls, below=True) == []
    assert reached("http://x", urls, below=True) == sorted(urls)
