"""OpenAI's Responses API as a dialect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ...guard.effects import Finish
from ..errors import Failure, failure, internal
from .dialect import Dialect, Outcome
from .openai_chat_whole import summed
from .openai_responses_answer import Answer, read_body, read_event
from .openai_responses_frames import Frames
from .openai_responses_request import ResponsesRequest, parse_responses
from .openai_responses_upstream import clamped, upstream_body
from .openai_responses_whole import delivered, estimated, refused, refused_as_error
from .sse import KEEP_ALIVE, SseParser


def _usage(answers: Iterable[Answer]) -> dict[str, Any] | None:
    return summed(answer.usage or estimated(answer) for answer in answers)


def _whole(outcome: Outcome[ResponsesRequest, Answer]) -> bytes:
    finish, asked, usage = outcome.finish, outcome.request, outcome.usage
    if finish.delivery == "delivered" and outcome.answer is not None:
        return delivered(
            outcome.answer,
            asked=asked,
            identity=outcome.identity,
            usage=usage,
            text=finish.text,
            appendix=finish.appendix,
        )
    return refused(finish, asked=asked, identity=outcome.identity, usage=usage)


def _blocked(finish: Finish) -> Failure:
    return Failure(status=400, body=msgspec.json.encode(refused_as_error(finish)), kind="blocked")


RESPONSES: Final = Dialect[ResponsesRequest, Answer](
    name="responses",
    path="/responses",
    continues=False,
    keep_alive=KEEP_ALIVE,
    parse=parse_responses,
    clamped=clamped,
    body=upstream_body,
    answer=lambda asked: Answer(items={}, texts={}, channels={}, asked=asked),
    splitter=SseParser,
    read=read_body,
    read_event=read_event,
    usage=_usage,
    frames=Frames,
    whole=_whole,
    blocked=_blocked,
    failure=lambda error: internal() if error is None else failure(error),
)
