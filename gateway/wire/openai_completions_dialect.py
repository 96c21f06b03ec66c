"""OpenAI's text completions as a dialect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ...guard.effects import Finish
from ..errors import Failure, failure, internal
from .dialect import Dialect
from .openai_chat_whole import refusal_error, summed
from .openai_completions_answer import Answer, read_body, read_chunk
from .openai_completions_request import CompletionsRequest, parse_completions
from .openai_completions_shown import Frames, whole
from .openai_completions_upstream import clamped, upstream_body
from .sse import KEEP_ALIVE, SseParser


def _usage(answers: Iterable[Answer]) -> dict[str, Any] | None:
    return summed(answer.usage or _estimated(answer) for answer in answers)


def _estimated(answer: Answer) -> dict[str, Any]:
    asked, said = -(-answer.asked // 4), -(-answer.said // 4)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said, "estimated": True}


def _blocked(finish: Finish) -> Failure:
    body = refusal_error(finish)
    body["error"]["param"] = None if finish.verdict.rounds else "prompt"
    return Failure(status=400, body=msgspec.json.encode(body), kind="blocked")


COMPLETIONS: Final = Dialect[CompletionsRequest, Answer](
    name="completions",
    path="/completions",
    keep_alive=KEEP_ALIVE,
    parse=parse_completions,
    clamped=clamped,
    body=upstream_body,
    answer=lambda asked: Answer(choices={}, asked=asked),
    splitter=SseParser,
    read=read_body,
    read_event=read_chunk,
    usage=_usage,
    frames=Frames,
    whole=whole,
    blocked=_blocked,
    failure=lambda error: internal() if error is None else failure(error),
)
