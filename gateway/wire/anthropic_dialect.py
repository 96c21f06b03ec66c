"""Anthropic Messages as a dialect."""

from __future__ import annotations

from typing import Final

from .anthropic_answer import Answer, fresh, read_event, read_message
from .anthropic_errors import messages_blocked, messages_failure
from .anthropic_frames import PING, MessageFrames
from .anthropic_request import parse_messages
from .anthropic_upstream import clamped_messages, messages_body
from .anthropic_usage import usage_of
from .anthropic_whole import whole_message
from .dialect import Dialect, Request
from .sse import SseParser

MESSAGES: Final = Dialect[Request, Answer](
    name="messages",
    path="/messages",
    key_header="x-api-key",
    keep_alive=PING,
    parse=parse_messages,
    clamped=clamped_messages,
    body=messages_body,
    answer=fresh,
    splitter=SseParser,
    read=read_message,
    read_event=read_event,
    usage=usage_of,
    frames=MessageFrames,
    whole=whole_message,
    blocked=messages_blocked,
    failure=messages_failure,
)
