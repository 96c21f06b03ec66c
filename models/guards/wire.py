"""OpenAI's chat and completions for a guard: the request's body, and what the answer says; no I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from ..errors import InferenceFailed
from .asking import Ask, Reply, Token

Endpoint: TypeAlias = Literal["chat", "completions"]

PATHS: Mapping[Endpoint, str] = {"chat": "/chat/completions", "completions": "/completions"}
GREEDY: Mapping[str, Any] = {"temperature": 0, "n": 1, "stream": False}


class _Top(msgspec.Struct):
    token: str
    logprob: float


class _Place(msgspec.Struct):
    token: str
    logprob: float
    top: list[_Top] = msgspec.field(default_factory=list, name="top_logprobs")


class _Logprobs(msgspec.Struct):
    """Both forms: a list of places, or the completions API's parallel lists."""

    content: list[_Place] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    text: str | None = None
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]


def body(ask: Ask, *, model: str, endpoint: Endpoint, logprobs: int) -> bytes:
    """The request's JSON: greedy, short, and with the likeliest `logprobs` tokens where that is not 0."""
    request: dict[str, Any] = {"model": model, "max_tokens": ask.max_tokens, **GREEDY}
    if endpoint == "chat":
        request["messages"] = ask.messages
        if ask.template:
            request["chat_template_kwargs"] = dict(ask.template)
        if logprobs and ask.choices:
            request |= {"logprobs": True, "top_logprobs": logprobs}
    else:
        request["prompt"] = ask.prompt
        if logprobs and ask.choices:
            request["logprobs"] = logprobs
    return msgspec.json.encode(request)


def reply_of(data: bytes) -> Reply:
    """The first choice's text and tokens; InferenceFailed where the answer is none of a chat or completions server."""
    try:
        answer = msgspec.json.decode(data, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InferenceFailed("the server's answer is no chat completion") from error
    if not answer.choices:
        raise InferenceFailed("the server's answer has no choices")
    choice = answer.choices[0]
    text = choice.message.content if choice.message is not None else choice.text
    return Reply(text=text or "", tokens=() if choice.logprobs is None else _tokens(choice.logprobs))


def _tokens(found: _Logprobs) -> tuple[Token, ...]:
    if found.content is not None:
        return tuple(
            Token(place.token, _finite({place.token: place.logprob} | {one.token: one.logprob for one in place.top}))
            for place in found.content
        )
    words, tops = found.tokens or [], found.top_logprobs or []
    own = found.token_logprobs or []
    return tuple(
        Token(word, _finite(_own(word, own, place) | (tops[place] or {} if place < len(tops) else {})))
        for place, word in enumerate(words)
    )


def _own(word: str, logprobs: list[float | None], place: int) -> dict[str, float]:
    value = logprobs[place] if place < len(logprobs) else None
    return {} if value is None else {word: value}


def _finite(found: Mapping[str, float]) -> dict[str, float]:
    return {word: value for word, value in found.items() if math.isfinite(value)}
