"""Completions for the caller, in one piece or as chunks; a blocked one ends in `content_filter`."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from ...guard.effects import Finish, Release
from ..errors import Failure
from .dialect import Outcome, Usage
from .openai_chat_whole import verdict_comment
from .openai_completions_answer import Answer
from .openai_completions_request import CompletionsRequest
from .sse import DONE, comment, event


def whole(outcome: Outcome[CompletionsRequest, Answer]) -> bytes:
    """The delivered completions with the usage of all rounds, or a 200 whose every choice is the refusal.

    The API has no field for a refusal: it is the text.
    """
    asked, answer = outcome.request, outcome.answer
    if outcome.finish.delivery == "delivered" and answer is not None:
        head, choices = answer.head, _choices(asked, answer, outcome.finish)
        if (appendix := outcome.finish.appendix) is not None:
            choices = [{**choice, "text": f"{choice['text']}\n\n{appendix}"} for choice in choices]
    else:
        head = {}
        choices = [_choice(index, outcome.finish.message or "", "content_filter") for index in range(asked.n)]
    usage = outcome.usage or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return msgspec.json.encode({**_head(asked, outcome.identity), **head, "choices": choices, "usage": usage})


class Frames:
    """Writes one stream; its head is fixed by the first frame that carries an answer."""

    def __init__(self, asked: CompletionsRequest, identity: str) -> None:
        self._asked = asked
        self._head = _head(asked, identity)
        # OpenAI sends `usage: null` in every chunk but the last where usage was asked for.
        self._tail: dict[str, Any] = {"usage": None} if asked.include_usage else {}
        self._begun: set[int] = set()

    def release(self, release: Release, answer: Answer) -> bytes:
        """A text that may be shown."""
        self._adopt(answer)
        return self._text(release.channel.choice, release.text)

    def finish(self, finish: Finish, answer: Answer | None, usage: Usage | None) -> bytes:
        """The ends of all choices, the usage where it was asked for, and the verdict."""
        if answer is not None:
            self._adopt(answer)
        data = b""
        if finish.delivery == "delivered" and answer is not None:
            for choice in _choices(self._asked, answer, finish):
                data += self._open(choice["index"]) + self._chunk(choice["index"], "", choice["finish_reason"])
        else:
            # Behind a text that is out, words of ours would read like its end.
            message = "" if finish.delivery == "cut" else finish.message or ""
            for index in range(self._asked.n):
                data += self._chunk(index, message, "content_filter")
        if self._asked.include_usage:
            data += event(msgspec.json.encode({**self._head, "choices": [], "usage": usage}))
        return data + comment(verdict_comment(finish.verdict)) + DONE

    def error(self, found: Failure) -> bytes:
        """An error inside a stream that has begun: clients raise it."""
        return event(found.body) + DONE

    def _adopt(self, answer: Answer) -> None:
        if not self._begun:
            self._head |= answer.head

    def _text(self, index: int, text: str) -> bytes:
        return self._open(index) + self._chunk(index, text, None)

    def _open(self, index: int) -> bytes:
        """The echo of the prompt, once."""
        if index in self._begun:
            return b""
        self._begun.add(index)
        echo = _echo(self._asked, index)
        return self._chunk(index, echo, None) if echo else b""

    def _chunk(self, index: int, text: str, reason: str | None) -> bytes:
        return event(msgspec.json.encode({**self._head, "choices": [_choice(index, text, reason)], **self._tail}))


def _choices(asked: CompletionsRequest, answer: Answer, finish: Finish) -> list[dict[str, Any]]:
    """The delivered choices; of several candidates the chosen one alone, and a helper's text in place of upstream's."""
    if finish.text is not None:
        return [_choice(0, _echo(asked, 0) + finish.text, "stop")]
    if finish.choice is not None:
        kept = answer.choices[finish.choice]
        return [_choice(0, _echo(asked, 0) + "".join(kept.texts), kept.finish_reason, kept.logprobs)]
    return [
        _choice(index, _echo(asked, index) + "".join(found.texts), found.finish_reason, found.logprobs)
        for index, found in sorted(answer.choices.items())
    ]


def _echo(asked: CompletionsRequest, index: int) -> str:
    return asked.prompt_of(index) if asked.echo and asked.body.get("logprobs") is None else ""


def _choice(index: int, text: str, reason: str | None, logprobs: Any = None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": reason}


def _head(asked: CompletionsRequest, identity: str) -> dict[str, Any]:
    model = asked.body.get("model") or ""
    return {"id": f"cmpl-{identity}", "object": "text_completion", "created": int(time.time()), "model": model}
