"""As much of a request's body as limits need: what is asked, with which sampling, by whom. Never kept, only hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

SAMPLING: Final = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "typical_p",
    "frequency_penalty",
    "presence_penalty",
    "repetition_penalty",
    "logit_bias",
)
"""What the generation-exploitation attack varies (arXiv 2310.06987); a seed alone is no other setting."""

LARGEST_ESTIMATE: Final = 32_000
"""Tokens that are reserved for a prompt at most: what looks longer may be an image."""

_PROMPTS: Final = ("messages", "system", "input", "instructions", "prompt")
_MAY_STEER = (b"temperature", b"top_", b"_p", b"penalty", b"logit_bias", b"options", b"\\u")


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """What the body says: `prompt` and `sampling` are keyed digests, `user` one of the end user's name."""

    prompt: str = ""
    sampling: str = ""
    user: str = ""
    tokens: int = 0


def sketch(body: bytes, *, variants: bool, tokens: bool, user: bool, key: bytes) -> Sketch:
    """The sketch of a JSON body, with as much of it as is asked for; empty where it is not JSON.

    `prompt` and `sampling` stay empty where no sampling parameter is set: that is the setting of everybody.
    """
    variants = variants and steers(body)
    if not (variants or tokens or user):
        return Sketch()
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        sampling = _sampling(fields) if variants else {}
        name = _user(fields) if user else ""
        return Sketch(
            prompt=_digest(key, {part: _plain(fields[part]) for part in _PROMPTS if part in fields})
            if sampling
            else "",
            sampling=_digest(key, sampling) if sampling else "",
            user=_digest(key, name) if name else "",
            tokens=min(LARGEST_ESTIMATE, sum(len(fields[name]) for name in _PROMPTS if name in fields) // 4),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Sketch()


def steers(body: bytes) -> bool:
    """Whether a body may set how an answer is sampled; False is certain, True is worth a closer look."""
    for sign in _MAY_STEER:  # noqa: SIM110 - with every request, and several times as fast as a generator
        if sign in body:
            return True
    return False


def _sampling(fields: dict[str, msgspec.Raw]) -> dict[str, Any]:
    """The sampling parameters that are set; Ollama has them in `options`."""
    found = {name: _plain(fields[name]) for name in SAMPLING if name in fields}
    options = _plain(fields["options"]) if "options" in fields else None
    if isinstance(options, dict):
        found |= {name: options[name] for name in SAMPLING if name in options}
    return {name: value for name, value in found.items() if value is not None}


def _user(fields: dict[str, msgspec.Raw]) -> str:
    return next((name for name in _users(fields) if isinstance(name, str) and name), "")


def _users(fields: dict[str, msgspec.Raw]) -> Iterator[Any]:
    """The places where a caller names its end user: OpenAI's two, and Anthropic's."""
    for name in ("safety_identifier", "user"):
        if name in fields:
            yield _plain(fields[name])
    metadata = _plain(fields["metadata"]) if "metadata" in fields else None
    if isinstance(metadata, dict):
        yield metadata.get("user_id")


def _plain(raw: msgspec.Raw) -> Any:
    return msgspec.json.decode(raw)


def _digest(key: bytes, value: Any) -> str:
    # Encoded anew, so that neither spaces nor the order of keys make another prompt of the same.
    data = msgspec.json.encode(value, order="sorted")
    return hashlib.blake2b(data, key=key[:64], digest_size=16).hexdigest()
