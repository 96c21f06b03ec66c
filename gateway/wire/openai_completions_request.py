"""A text completion request: its prompts as parts; token ids are a part that nobody can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...models.content import Part, Text
from ...models.errors import InputError
from .dialect import Request
from .json_body import decode_object
from .openai_chat_request import MOST_CHOICES, MOST_PARTS
from .openai_embeddings import leftovers, texts_of

_NEVER_READ: Final = frozenset(
    [
        "best_of",
        "echo",
        "frequency_penalty",
        "ignore_eos",
        "logit_bias",
        "logprobs",
        "max_tokens",
        "min_p",
        "min_tokens",
        "model",
        "n",
        "presence_penalty",
        "prompt",
        "repetition_penalty",
        "seed",
        "stop",
        "stop_token_ids",
        "stream",
        "stream_options",
        "suffix",
        "temperature",
        "top_k",
        "top_p",
        "user",
    ]
)
_EXAMPLE: Final = '"…" or ["…", "…"]'


class CompletionsRequest(Request, frozen=True, kw_only=True):
    """A request for completions: `prompts` in order, `each` of them completed so often, `n` choices in all.

    `echo`: the caller wants each prompt before its completion, and gets its own, whatever went upstream.
    `include_usage` asks a stream for its usage.
    """

    prompts: tuple[Any, ...]
    each: int = 1
    echo: bool = False
    include_usage: bool = False

    def prompt_of(self, choice: int) -> str:
        """The text that a choice completes, empty where it is token ids."""
        prompt = self.prompts[min(choice // self.each, len(self.prompts) - 1)]
        return prompt if isinstance(prompt, str) else ""


def parse_completions(raw: bytes) -> CompletionsRequest:
    """The request in `raw`; raises InputError that names the field and the remedy."""
    body = decode_object(raw)
    value = body.get("prompt")
    if value is None:
        raise InputError(f"'prompt' is missing: send {_EXAMPLE}", param="prompt")
    parts: list[Part] = [*texts_of(value, "prompt", example=_EXAMPLE)]
    suffix = body.get("suffix")
    if not isinstance(suffix, (str, type(None))):
        raise InputError("'suffix' must be a text", param="suffix")
    if suffix:
        # Ahead of the prompts, for the last of these is the question that an answer is judged against.
        parts.insert(0, Text(text=suffix, path="suffix"))
    parts += leftovers(body, _NEVER_READ)
    if len(parts) > MOST_PARTS:
        raise InputError(f"the request has more than {MOST_PARTS} prompts: send several requests", param="prompt")
    prompts, each = prompts_of(value), _count(body, "n")
    _count(body, "best_of")
    options = body.get("stream_options")
    if not isinstance(options, (dict, type(None))):
        raise InputError("'stream_options' must be an object: {\"include_usage\": true}", param="stream_options")
    return CompletionsRequest(
        body=body,
        parts=tuple(parts),
        prompts=tuple(prompts),
        stream=_flag(body, "stream"),
        echo=_flag(body, "echo"),
        include_usage=bool((options or {}).get("include_usage")),
        each=each,
        n=each * len(prompts),
    )


def prompts_of(value: Any) -> Sequence[Any]:
    """The prompts one by one: texts, or lists of token ids."""
    several = isinstance(value, list) and not isinstance(value[0], int)
    return value if several else [value]


def _flag(body: dict[str, Any], field: str) -> bool:
    value = body.get(field)
    if value is not None and not isinstance(value, bool):
        raise InputError(f"'{field}' must be true or false", param=field)
    return bool(value)


def _count(body: dict[str, Any], field: str) -> int:
    value = body.get(field)
    if value is None:
        return 1
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_CHOICES:
        raise InputError(f"'{field}' must be a whole number from 1 to {MOST_CHOICES}", param=field)
    return value
