"""Upstream's Ollama answer, whole or in lines: what is to be judged of it, and what is kept for the caller."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ...guard.effects import Channel, Delta
from ...models.errors import UpstreamError
from .openai_chat_whole import summed

_NAME: Final = re.compile(r"[\w.:/-]{0,128}", re.ASCII)
_MOST_CALLS: Final = 1024
_DURATIONS: Final = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call; its arguments are judged as JSON text."""

    name: str
    arguments: Any
    id: str | None = None


class Answer(msgspec.Struct, kw_only=True):
    """One round's answer: its head, texts, calls and how it ended.

    `asked` and `said` are the characters of the request's body and of the answer so far.
    """

    head: dict[str, Any] = {}
    texts: dict[str, list[str]] = {}
    calls: list[Call] = []
    counts: dict[str, int] = {}
    durations: dict[str, int] = {}
    done: bool = False
    done_reason: str | None = None
    asked: int = 0
    said: int = 0

    @property
    def ended(self) -> bool:
        """Whether upstream said that it is complete."""
        return self.done

    @property
    def over(self) -> bool:
        """The same: nothing comes after the last line."""
        return self.done

    @property
    def tokens(self) -> int | None:
        """What upstream says the answer took to make."""
        return self.counts.get("eval_count")

    @property
    def prompt_tokens(self) -> int | None:
        """What upstream says the request was."""
        return self.counts.get("prompt_eval_count")

    def text(self, field: str) -> str:
        """The content or the thinking as far as it has come."""
        return "".join(self.texts.get(field, ()))


class _Function(msgspec.Struct):
    name: str = ""
    arguments: Any = None


class _Call(msgspec.Struct):
    id: str | None = None
    function: _Function = msgspec.field(default_factory=_Function)


class _Message(msgspec.Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct):
    model: str = ""
    created_at: str = ""
    message: _Message | None = None
    done: bool = False
    done_reason: str | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Line)


def fresh(asked: int) -> Answer:
    """An answer of which nothing has come; `asked` is the size of the request's body."""
    return Answer(texts={}, calls=[], asked=asked)


def read_whole(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up a whole answer; raises UpstreamError where it is not one."""
    deltas = read_line(raw, answer)
    if not answer.done:
        raise UpstreamError("upstream's answer is not complete", status=502)
    return deltas


def read_line(raw: bytes, answer: Answer) -> list[Delta]:
    """Take up one line of a stream, or a whole answer; raises UpstreamError where it is neither."""
    try:
        line = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError("upstream's answer cannot be read as an Ollama chat", status=502) from error
    if line.error is not None:
        raise UpstreamError("upstream answered with an error", status=502, body=raw)
    if line.message is None and not line.done:
        raise UpstreamError("upstream's answer has no message", status=502)
    if not answer.head:
        answer.head = {"model": line.model, "created_at": line.created_at}
    deltas = _message(line.message, answer) if line.message is not None else []
    if line.done:
        _finish(line, answer)
    answer.said += sum(len(delta.text) for delta in deltas)
    return deltas


def usage_of(answers: Iterable[Answer]) -> dict[str, Any] | None:
    """The counts of all rounds; what upstream did not say of one is estimated (four characters a token) and marked."""
    return summed(_of_one(answer) for answer in answers)


def _of_one(answer: Answer) -> dict[str, Any]:
    if answer.done and answer.tokens is not None:
        # Ollama leaves out the count of a prompt that it still had in its cache.
        return {"prompt_eval_count": 0, **answer.counts}
    guess = {"prompt_eval_count": -(-answer.asked // 4), "eval_count": -(-answer.said // 4)}
    return {**guess, "estimated": True}


def _message(message: _Message, answer: Answer) -> list[Delta]:
    deltas: list[Delta] = []
    if message.thinking:
        answer.texts.setdefault("thinking", []).append(message.thinking)
        deltas.append(Delta(Channel(0, "reasoning"), message.thinking))
    if message.content:
        answer.texts.setdefault("content", []).append(message.content)
        deltas.append(Delta(Channel(), message.content))
    for call in message.tool_calls or ():
        deltas.append(_call(call, answer))
    return deltas


def _call(call: _Call, answer: Answer) -> Delta:
    # A tool's name is not judged, so it must not be able to say anything; nor must an id.
    if not all(_NAME.fullmatch(name) for name in (call.function.name, call.id or "")):
        raise UpstreamError("upstream's answer calls a tool by something that is not a name", status=502)
    if len(answer.calls) >= _MOST_CALLS:
        raise UpstreamError("upstream's answer calls too many tools", status=502)
    found = call.function.arguments
    answer.calls.append(Call(name=call.function.name, arguments={} if found is None else found, id=call.id))
    text = found if isinstance(found, str) and found else msgspec.json.encode(answer.calls[-1].arguments).decode()
    return Delta(Channel(0, "tool_call", len(answer.calls) - 1), text, call.function.name)


def _finish(line: _Line, answer: Answer) -> None:
    answer.done = True
    if line.done_reason is not None and _NAME.fullmatch(line.done_reason) is None:
        raise UpstreamError("upstream's answer ends for a reason that is none", status=502)
    answer.done_reason = line.done_reason
    counts = {"prompt_eval_count": line.prompt_eval_count, "eval_count": line.eval_count}
    answer.counts = {name: count for name, count in counts.items() if count is not None}
    answer.durations = {name: value for name in _DURATIONS if (value := getattr(line, name)) is not None}
