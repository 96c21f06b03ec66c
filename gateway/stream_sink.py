"""Puts released text and the end of an exchange into a stream's frames."""

from __future__ import annotations

from ..guard.effects import ChannelKind, Finish, Release
from .event_stream import EventStream
from .source import UpstreamSource
from .wire.openai_chat_frames import Frames
from .wire.openai_chat_request import ChatRequest
from .wire.openai_chat_whole import verdict_comment
from .wire.sse import DONE, event


class StreamSink:
    """The loop's sink for a streamed answer: text leaves as it is released, tool calls whole, the ending last."""

    def __init__(self, stream: EventStream, source: UpstreamSource, chat: ChatRequest, *, identity: str) -> None:
        self._stream = stream
        self._source = source
        self._chat = chat
        self._frames = Frames(identity=identity, usage=chat.include_usage, one_choice=chat.n == 1)
        self._frames.adopt({"model": chat.body.get("model") or ""})

    async def release(self, release: Release) -> None:
        """Show a text. Tool calls wait for the end: their names and ids are the delivered answer's."""
        self._source.released += len(release.text)
        channel = release.channel
        if channel.kind == "tool_call":
            return
        answer = self._source.answers[-1]
        self._frames.adopt(answer.head)
        choice = answer.choices.get(channel.choice)
        field = choice.reasoning_field if choice and channel.kind == "reasoning" else None
        await self._stream.write(self._frames.text(channel.choice, channel.kind, release.text, field=field))

    async def finish(self, finish: Finish) -> None:
        """The last frames: tool calls and finish reasons, or why there is no more; usage; the verdict."""
        if self._source.answers:
            self._frames.adopt(self._source.answers[-1].head)
        ending = self._delivered(finish) if finish.delivery == "delivered" else self._refused(finish)
        if self._chat.include_usage:
            ending += self._frames.usage(self._source.usage)
        await self._stream.write(ending + self._frames.end(verdict_comment(finish.verdict)))

    async def error(self, body: bytes) -> None:
        """An error inside a stream that has begun: clients raise it."""
        await self._stream.write(event(body) + DONE)

    def _delivered(self, finish: Finish) -> bytes:
        assert finish.round is not None
        answer = self._source.answers[finish.round - 1]
        frames = b""
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
        choices = range(self._chat.n)
        return b"".join(
            self._frames.text(index, kind, finish.message or "") + self._frames.finish(index, "content_filter")
            for index in choices
        )
