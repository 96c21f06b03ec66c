"""The chunks of a streamed answer, as bytes: the delivered round's own id and model, in OpenAI's order."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from ...guard.effects import ChannelKind
from .openai_chat_answer import FUNCTION_CALL, Call
from .sse import DONE, comment, event


class Frames:
    """Writes the frames of one stream; its head is fixed by the first frame that carries an answer.

    `one_choice`: the caller asked for one, so whichever candidate is delivered has the index 0.
    """

    def __init__(self, *, identity: str, usage: bool, one_choice: bool) -> None:
        self._head: dict[str, Any] = {
            "id": f"chatcmpl-{identity}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": "",
        }
        # OpenAI sends `usage: null` in every chunk but the last where usage was asked for.
        self._tail: dict[str, Any] = {"usage": None} if usage else {}
        self._one_choice = one_choice
        self._opened: set[int] = set()

    def adopt(self, head: dict[str, Any]) -> None:
        """Take over id, model and the like from upstream, unless frames have left already."""
        if not self._opened:
            self._head |= head

    def text(self, choice: int, kind: ChannelKind, text: str, *, field: str | None = None) -> bytes:
        """Released text; `field` names the delta's field where it is not the kind's own name."""
        return self._open(choice) + self._chunk(choice, {field or kind: text})

    def call(self, choice: int, index: int, call: Call, arguments: str) -> bytes:
        """A whole tool call in one delta."""
        if index == FUNCTION_CALL:
            delta: dict[str, Any] = {"function_call": {"name": call.name, "arguments": arguments}}
        else:
            body = {"name": call.name, "input" if call.kind == "custom" else "arguments": arguments}
            delta = {"tool_calls": [{"index": index, "id": call.id, "type": call.kind, call.kind: body}]}
        return self._open(choice) + self._chunk(choice, delta)

    def finish(self, choice: int, reason: str | None) -> bytes:
        """The end of a choice."""
        return self._open(choice) + self._chunk(choice, {}, reason=reason)

    def usage(self, usage: dict[str, Any] | None) -> bytes:
        """The chunk without choices that carries the usage of all rounds."""
        return event(msgspec.json.encode({**self._head, "choices": [], "usage": usage}))

    def end(self, note: bytes) -> bytes:
        """The last frames: a note that clients skip, and the end mark."""
        return comment(note) + DONE

    def _open(self, choice: int) -> bytes:
        if choice in self._opened:
            return b""
        self._opened.add(choice)
        return self._chunk(choice, {"role": "assistant", "content": ""})

    def _chunk(self, choice: int, delta: dict[str, Any], *, reason: str | None = None) -> bytes:
        shown = 0 if self._one_choice else choice
        body = {"index": shown, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event(msgspec.json.encode({**self._head, "choices": [body], **self._tail}))
