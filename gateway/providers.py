"""What differs from one kind of upstream to the next: paths, keys, and what may be asked of it. One table.

`native` is whoever speaks each client's own protocol at the same paths: what the one upstream of `--upstream` is taken
for. `compatible` is any server that speaks OpenAI's chat completions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from ..policies.schema import Prefill
from .translate.neutral import Tongue

Kind: TypeAlias = Literal[
    "native", "compatible", "openai", "azure", "anthropic", "vllm", "sglang", "ollama", "llamacpp"
]
Api: TypeAlias = Literal[
    "chat", "completions", "responses", "messages", "count_tokens", "ollama", "embeddings", "images", "videos"
]
Auth: TypeAlias = Literal["as_sent", "bearer", "api_key", "x_api_key"]


class Path(msgspec.Struct, frozen=True):
    """A path under the base URL, or under the server's root where `at_root`; `{model}` is the model's name."""

    path: str
    at_root: bool = False


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One kind. `paths` are the apis that it has; who speaks another protocol is translated to `tongue`.

    `auth` is where the key stands, `headers` are sent with every request, `own` begins the names of the callers'
    headers that are meant for this kind alone. `prefill` is how it takes the start of an answer, None where it does
    not. `max_tokens_field` and `extensions` are for what is written anew: see translate.neutral.Manners.
    """

    paths: Mapping[Api, Path]
    tongue: Tongue = "chat"
    auth: Auth = "bearer"
    headers: Mapping[str, str] = {}
    own: str = ""
    prefill: Prefill | None = None
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    extensions: bool = True
    models: Path | None = Path("/models")
    versioned: bool = False


_CHAT: Final = Path("/chat/completions")
_COMPLETIONS: Final = Path("/completions")
_RESPONSES: Final = Path("/responses")
_EMBEDDINGS: Final = Path("/embeddings")
_IMAGES: Final = Path("/images/generations")
_VIDEOS: Final = Path("/videos")
_MESSAGES: Final = Path("/messages")
_COUNT: Final = Path("/messages/count_tokens")
_OLLAMA: Final = Path("/api/chat", at_root=True)
_LOCAL: Final[Mapping[Api, Path]] = {"chat": _CHAT, "completions": _COMPLETIONS, "embeddings": _EMBEDDINGS}


def _deployment(path: str) -> Path:
    return Path(f"/openai/deployments/{{model}}{path}", at_root=True)


EVERYWHERE: Final[Mapping[Api, Path]] = {
    "chat": _CHAT,
    "completions": _COMPLETIONS,
    "responses": _RESPONSES,
    "messages": _MESSAGES,
    "count_tokens": _COUNT,
    "ollama": _OLLAMA,
    "embeddings": _EMBEDDINGS,
    "images": _IMAGES,
    "videos": _VIDEOS,
}
"""Where each protocol is usually spoken."""

PROVIDERS: Final[Mapping[Kind, Provider]] = {
    "native": Provider(paths=EVERYWHERE, auth="as_sent"),
    "compatible": Provider(paths=_LOCAL),
    "openai": Provider(
        paths={**_LOCAL, "responses": _RESPONSES, "images": _IMAGES, "videos": _VIDEOS},
        own="openai-",
        max_tokens_field="max_completion_tokens",
        extensions=False,
    ),
    "azure": Provider(
        paths={
            "chat": _deployment("/chat/completions"),
            "completions": _deployment("/completions"),
            "embeddings": _deployment("/embeddings"),
            "images": _deployment("/images/generations"),
        },
        auth="api_key",
        own="openai-",
        max_tokens_field="max_completion_tokens",
        extensions=False,
        models=None,
        versioned=True,
    ),
    "anthropic": Provider(
        paths={"messages": _MESSAGES, "count_tokens": _COUNT},
        tongue="messages",
        auth="x_api_key",
        headers={"anthropic-version": "2023-06-01"},
        own="anthropic-",
        prefill="message",
    ),
    "vllm": Provider(paths=_LOCAL, prefill="vllm"),
    "sglang": Provider(paths=_LOCAL, prefill="vllm"),
    "ollama": Provider(
        paths={"ollama": _OLLAMA, "completions": _COMPLETIONS, "embeddings": _EMBEDDINGS},
        tongue="ollama",
        prefill="message",
    ),
    "llamacpp": Provider(paths=_LOCAL, prefill="message"),
}
