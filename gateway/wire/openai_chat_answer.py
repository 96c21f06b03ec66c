"""Upstream's answer, whole or in chunks: what is to be judged of it, and what is kept for the caller."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from ...guard.effects import Channel, Delta
from ...models.errors import UpstreamError

FUNCTION_CALL: Final = -1
"""The index of the older, single `function_call` among the tool calls of a choice."""
# A tool's name is not judged, so it must not be able to say anything.
_NAME: Final = re.compile(r"[\w.:/-]{0,128}", re.ASCII)
_HEAD: Final = ("id", "created", "model", "system_fingerprint", "service_tier")


class Call(msgspec.Struct):
    """A tool call as upstream named it; its arguments travel as deltas."""

    id: str | None = None
    kind: str = "function"
    name: str = ""
    arguments: str = ""


class Choice(msgspec.Struct):
    """What is known of one choice besides its text."""

    finish_reason: str | None = None
    calls: dict[int, Call] = {}
    reasoning_field: str = "reasoning_content"


class Answer(msgspec.Struct):
    """One round's answer: its head, choices and usage, and for whole answers the body as it came.

    `over`: upstream sent its end mark. `asked` and `said` are the characters of the request's body and of the answer so
    far.
    """

    head: dict[str, Any] = {}
    choices: dict[int, Choice] = {}
    usage: dict[str, Any] | None = None
    raw: bytes = b""
    over: bool = False
    asked: int = 0
    said: int = 0

    @property
    def tokens(self) -> int | None:
        """What upstream says the answer took to make."""
        return self._count("completion_tokens")

    @property
    def prompt_tokens(self) -> int | None:
        """What upstream says the request was."""
        return self._count("prompt_tokens")

    @property
    def ended(self) -> bool:
        """Whether every choice seen has its finish reason."""
        return bool(self.choices) and all(choice.finish_reason for choice in self.choices.values())

    def _count(self, key: str) -> int | None:
        tokens = (self.usage or {}).get(key)
        return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None


class _Named(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None
    input: str | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Named | None = None
    custom: _Named | None = None


class _Segment(msgspec.Struct):
    type: str
    text: str = ""


class _Message(msgspec.Struct):
    """A message or a delta; fields that are not named here are never passed on, as nothing judged them."""

    content: str | list[_Segment] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Named | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Message | None = None
    delta: _Message | None = None
    finish_reason: str | None = None


class _Body(msgspec.Struct):
    id: Any = None
    created: Any = None
    model: Any = None
    system_fingerprint: Any = None
    service_tier: Any = None
    choices: list[_Choice] = []
    usage: dict[str, Any] | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Body)


def read_body(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up a whole answer; raises UpstreamError where it is not one."""
    body = _decode(raw)
    if not body.choices or any(choice.message is None for choice in body.choices):
        raise UpstreamError("upstream's answer has no choices with a message", status=502)
    if len({choice.index for choice in body.choices}) < len(body.choices):
        raise UpstreamError("upstream's answer has two choices with one index", status=502)
    answer.raw = raw
    return _take(body, answer, [choice.message for choice in body.choices])


def read_chunk(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up one chunk of a stream, or its end mark; raises UpstreamError where it is neither."""
    if raw.strip() == b"[DONE]":
        answer.over = True
        return []
    body = _decode(raw)
    return _take(body, answer, [choice.delta for choice in body.choices])


def _decode(raw: bytes) -> _Body:
    try:
        body = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as a chat completion", status=502) from error
    if body.error is not None:
        raise UpstreamError("upstream answered with an error", status=502, body=raw)
    return body


def _take(body: _Body, answer: Answer, messages: list[_Message | None]) -> list[Delta]:
    if not answer.head:
        answer.head = {key: value for key in _HEAD if (value := getattr(body, key)) is not None}
    if body.usage is not None:
        answer.usage = body.usage
    deltas: list[Delta] = []
    for choice, message in zip(body.choices, messages, strict=True):
        known = answer.choices.get(choice.index)
        if known is None:
            known = answer.choices[choice.index] = Choice(calls={})
        if choice.finish_reason is not None:
            known.finish_reason = choice.finish_reason
        if message is not None:
            deltas += _read_message(message, choice.index, known)
    answer.said += sum(len(delta.text) for delta in deltas)
    return deltas


def _read_message(message: _Message, index: int, choice: Choice) -> list[Delta]:
    deltas: list[Delta] = []
    if message.reasoning and not message.reasoning_content:
        choice.reasoning_field = "reasoning"
    # Some servers send the same reasoning under both names: the caller gets it once.
    reasoning = message.reasoning_content or message.reasoning
    if reasoning:
        deltas.append(Delta(Channel(index, "reasoning"), reasoning))
    if content := _text(message.content):
        deltas.append(Delta(Channel(index, "content"), content))
    if message.refusal:
        deltas.append(Delta(Channel(index, "refusal"), message.refusal))
    if message.function_call is not None:
        deltas += _read_call(FUNCTION_CALL, _Call(function=message.function_call), index, choice)
    for number, call in enumerate(message.tool_calls or ()):
        deltas += _read_call(number if call.index is None else call.index, call, index, choice)
    return deltas


def _read_call(number: int, call: _Call, index: int, choice: Choice) -> list[Delta]:
    known = choice.calls.get(number)
    if known is None:
        known = choice.calls[number] = Call(kind="custom" if call.custom is not None else "function")
    known.id = call.id or known.id
    named = call.function or call.custom
    if named is None:
        return []
    known.name += named.name or ""
    if not _NAME.fullmatch(known.name):
        raise UpstreamError("upstream's answer calls a tool by something that is not a name", status=502)
    text = named.arguments or named.input or ""
    known.arguments += text
    return [Delta(Channel(index, "tool_call", number), text, known.name)] if text else []


def _text(content: str | list[_Segment] | None) -> str | None:
    if not isinstance(content, list):
        return content
    if any(segment.type != "text" for segment in content):
        raise UpstreamError("upstream's answer holds something other than text, which cannot be judged", status=502)
    return "".join(segment.text for segment in content)
