"""Upstream's completions, whole or in chunks: the texts that are judged, and what is kept of them for the caller."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ...guard.effects import Channel, Delta
from ...models.errors import UpstreamError

_HEAD: Final = ("id", "created", "model", "system_fingerprint")


class Choice(msgspec.Struct):
    """One completion as far as it has come."""

    texts: list[str] = []
    finish_reason: str | None = None
    logprobs: Any = None


class Answer(msgspec.Struct):
    """One round's completions; `asked` and `said` are the characters of the request's body and of the answer so far."""

    head: dict[str, Any] = {}
    choices: dict[int, Choice] = {}
    usage: dict[str, Any] | None = None
    asked: int = 0
    said: int = 0
    over: bool = False

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


class _Choice(msgspec.Struct):
    index: int = 0
    text: str = ""
    finish_reason: str | None = None
    logprobs: Any = None


class _Body(msgspec.Struct):
    """A body or a chunk; fields that are not named here are never passed on, as nothing judged them."""

    id: Any = None
    created: Any = None
    model: Any = None
    system_fingerprint: Any = None
    choices: list[_Choice] = []
    usage: dict[str, Any] | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Body)


def read_body(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up completions in one piece; raises UpstreamError where there are none."""
    body = _decode(raw)
    if not body.choices:
        raise UpstreamError("upstream's answer has no choices", status=502)
    if len({choice.index for choice in body.choices}) < len(body.choices):
        raise UpstreamError("upstream's answer has two choices with one index", status=502)
    answer.over = True
    return _take(body, answer)


def read_chunk(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up one chunk of a stream, or its end mark; raises UpstreamError where it is neither."""
    if raw.strip() == b"[DONE]":
        answer.over = True
        return []
    return _take(_decode(raw), answer)


def _decode(raw: bytes) -> _Body:
    try:
        body = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as a completion", status=502) from error
    if body.error is not None:
        raise UpstreamError("upstream answered with an error", status=502, body=raw)
    return body


def _take(body: _Body, answer: Answer) -> list[Delta]:
    if not answer.head:
        answer.head = {key: value for key in _HEAD if (value := getattr(body, key)) is not None}
    answer.usage = body.usage or answer.usage
    deltas: list[Delta] = []
    for found in body.choices:
        choice = answer.choices.get(found.index)
        if choice is None:
            choice = answer.choices[found.index] = Choice(texts=[])
        choice.finish_reason = found.finish_reason or choice.finish_reason
        choice.logprobs = found.logprobs
        if found.text:
            choice.texts.append(found.text)
            answer.said += len(found.text)
            deltas.append(Delta(Channel(found.index), found.text))
    return deltas
