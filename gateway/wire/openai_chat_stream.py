"""A streamed chat completion: released text at once, tool calls whole, the ending last."""

from __future__ import annotations

from typing import Any

from ...guard.effects import ChannelKind, Finish, Release
from ..errors import Failure
from .openai_chat_answer import Answer
from .openai_chat_frames import Frames
from .openai_chat_request import ChatRequest
from .openai_chat_whole import verdict_comment
from .sse import DONE, event


class ChatStream:
    """Writes the frames of one stream; tool calls wait for the end: their names and ids are the delivered answer's."""

    def __init__(self, request: ChatRequest, identity: str) -> None:
        self._request = request
        self._frames = Frames(identity=identity, usage=request.include_usage, one_choice=request.n == 1)
        self._frames.adopt({"model": request.body.get("model") or ""})

    def release(self, release: Release, answer: Answer) -> bytes:
        """A text that may be shown; nothing for a tool call yet."""
        channel = release.channel
        if channel.kind == "tool_call":
            return b""
        self._frames.adopt(answer.head)
        choice = answer.choices.get(channel.choice)
        field = choice.reasoning_field if choice and channel.kind == "reasoning" else None
        return self._frames.text(channel.choice, channel.kind, release.text, field=field)

    def finish(self, finish: Finish, answer: Answer | None, usage: dict[str, Any] | None) -> bytes:
        """The last frames: tool calls and finish reasons, or why there is no more; usage; the verdict."""
        if answer is not None:
            self._frames.adopt(answer.head)
        if finish.delivery == "delivered" and answer is not None:
            ending = self._delivered(finish, answer)
        else:
            ending = self._refused(finish)
        if self._request.include_usage:
            ending += self._frames.usage(usage)
        return ending + self._frames.end(verdict_comment(finish.verdict))

    def error(self, found: Failure) -> bytes:
        """An error inside a stream that has begun: clients raise it."""
        return event(found.body) + DONE

    def _delivered(self, finish: Finish, answer: Answer) -> bytes:
        frames = b""
        if finish.text is not None:
            # The text is a helper's and is out; upstream's calls and endings are not its own.
            return self._frames.finish(0, "stop")
        for index, choice in sorted(answer.choices.items()):
            if finish.choice is not None and index != finish.choice:
                continue
            # A chosen candidate's text was released as that of choice 0.
            shown = index if finish.choice is None else 0
            for number, call in sorted(choice.calls.items()):
                frames += self._frames.call(shown, number, call, call.arguments)
            frames += self._frames.finish(shown, choice.finish_reason)
        return frames

    def _refused(self, finish: Finish) -> bytes:
        kind: ChannelKind = "content" if finish.delivery == "supported" else "refusal"
        choices = range(self._request.n)
        return b"".join(
            self._frames.text(index, kind, finish.message or "") + self._frames.finish(index, "content_filter")
            for index in choices
        )
