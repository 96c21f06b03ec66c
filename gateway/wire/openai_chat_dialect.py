"""OpenAI chat completions as a dialect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ...guard.effects import Finish
from ..errors import Failure, failure, internal
from .dialect import Dialect, Outcome
from .openai_chat_answer import Answer, read_body, read_chunk
from .openai_chat_request import ChatRequest, parse_chat
from .openai_chat_stream import ChatStream
from .openai_chat_upstream import clamped, upstream_body
from .openai_chat_whole import delivered, estimated, refusal_error, refused, summed
from .sse import KEEP_ALIVE, SseParser


def _usage(answers: Iterable[Answer]) -> dict[str, Any] | None:
    return summed(answer.usage or estimated(answer) for answer in answers)


def _whole(outcome: Outcome[ChatRequest, Answer]) -> bytes:
    finish, answer, usage = outcome.finish, outcome.answer, outcome.usage
    if finish.delivery == "delivered" and answer is not None:
        return delivered(answer, choice=finish.choice, usage=usage, text=finish.text, appendix=finish.appendix)
    head = (answer.head if answer is not None else {}) or {"model": outcome.request.body.get("model") or ""}
    return refused(finish, identity=outcome.identity, head=head, n=outcome.request.n, usage=usage)


def _blocked(finish: Finish) -> Failure:
    return Failure(status=400, body=msgspec.json.encode(refusal_error(finish)), kind="blocked")


CHAT: Final = Dialect[ChatRequest, Answer](
    name="chat",
    path="/chat/completions",
    keep_alive=KEEP_ALIVE,
    parse=parse_chat,
    clamped=clamped,
    body=upstream_body,
    answer=lambda asked: Answer(choices={}, asked=asked),
    splitter=SseParser,
    read=read_body,
    read_event=read_chunk,
    usage=_usage,
    frames=ChatStream,
    whole=_whole,
    blocked=_blocked,
    failure=lambda error: internal() if error is None else failure(error),
)
