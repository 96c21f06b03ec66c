"""An OpenAI chat completion request: checked, and taken apart into what is to be judged."""

from __future__ import annotations

from typing import Any, Final

from ...guard.conversation import parts_of
from ...models.errors import InputError
from .dialect import Request
from .json_body import decode_object
from .openai_chat_extras import extra_parts

MOST_PARTS: Final = 4096
"""Parts that one request may have."""
MOST_CHOICES: Final = 128

_MESSAGES = '[{"role": "user", "content": "…"}]'


class ChatRequest(Request, frozen=True, kw_only=True):
    """A chat completion request; `include_usage` asks for the usage at a stream's end."""

    include_usage: bool


def parse_chat(raw: bytes) -> ChatRequest:
    """The request in `raw`; raises InputError that names the field and the remedy."""
    body = decode_object(raw)
    messages = _messages(body)
    _refuse_audio_answers(body)
    parts = (*parts_of(messages), *extra_parts(body))
    if len(parts) > MOST_PARTS:
        raise InputError(f"the request has more than {MOST_PARTS} parts: send fewer messages", param="messages")
    return ChatRequest(
        body=body, parts=parts, stream=_flag(body, "stream"), include_usage=_include_usage(body), n=_choices(body)
    )


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if messages is None:
        raise InputError(f"'messages' is missing: send {_MESSAGES}", param="messages")
    if not isinstance(messages, list) or not messages:
        raise InputError(f"'messages' must be a list with at least one message: {_MESSAGES}", param="messages")
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        if not isinstance(message, dict):
            raise InputError(f"'{path}' must be an object with 'role' and 'content'", param=path)
        if message.get("content") is None and message.get("role") != "assistant":
            missing = "must be a string or a list of parts" if "content" in message else "is missing"
            raise InputError(f"'{path}.content' {missing}", param=f"{path}.content")
    return messages


def _flag(body: dict[str, Any], field: str) -> bool:
    value = body.get(field)
    if value is not None and not isinstance(value, bool):
        raise InputError(f"'{field}' must be true or false", param=field)
    return bool(value)


def _include_usage(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise InputError("'stream_options' must be an object: {\"include_usage\": true}", param="stream_options")
    return bool(options.get("include_usage"))


def _choices(body: dict[str, Any]) -> int:
    value = body.get("n")
    if value is None:
        return 1
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_CHOICES:
        raise InputError(f"'n' must be a whole number from 1 to {MOST_CHOICES}", param="n")
    return value


def _refuse_audio_answers(body: dict[str, Any]) -> None:
    modalities = body.get("modalities")
    others = isinstance(modalities, list) and any(modality != "text" for modality in modalities)
    if body.get("audio") is not None or others:
        message = "only text answers can be judged: leave out 'audio' and set 'modalities' to [\"text\"]"
        raise InputError(message, param="audio" if body.get("audio") is not None else "modalities")
