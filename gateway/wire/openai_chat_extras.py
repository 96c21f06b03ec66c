"""The texts of a chat request that stand outside of its messages: tools, schemas, and unknown fields.

A model may read them, so they are judged; fields that only steer the sampler or the account are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ...guard.prose import prose
from ...models.content import Part, Role, Text
from ...models.errors import InputError

_NEVER_READ: Final = frozenset(
    [
        "audio",
        "best_of",
        "frequency_penalty",
        "function_call",
        "ignore_eos",
        "include_reasoning",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "min_p",
        "min_tokens",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "repetition_penalty",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "stop_token_ids",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
    ]
)
_TOOLS: Final = ("functions", "tools")
_TEXTS: Final = ("refusal", "reasoning", "reasoning_content")


def extra_parts(body: Mapping[str, Any]) -> Iterator[Part]:
    """The texts beside the messages, each with its path; InputError where a text field of a message has no text."""
    for index, message in enumerate(body["messages"]):
        _checked(message, f"messages[{index}]")
    for field in sorted(body.keys() - _NEVER_READ):
        value = body[field]
        if field in _TOOLS and isinstance(value, list):
            for index, item in enumerate(value):
                yield from _text(item, f"{field}[{index}]", Role.SYSTEM)
        else:
            yield from _text(value, field, Role.DOCUMENT)


def _checked(message: Mapping[str, Any], path: str) -> None:
    for field in _TEXTS:
        if not isinstance(message.get(field), (str, type(None))):
            raise InputError(f"'{path}.{field}' must be a string", param=f"{path}.{field}")


def _text(value: Any, path: str, role: Role) -> Iterator[Text]:
    if text := prose(value):
        yield Text(text=text, role=role, path=path)
