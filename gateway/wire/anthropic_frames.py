"""The events of a streamed Anthropic answer, in their exact order, from texts that are released in any order.

A block starts when something of it may be shown, and ends when upstream has ended it and all of it is out; so a block
waits for those before it, and a tool's call for the verdict.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ...guard.effects import Channel, Finish, Release
from ..errors import Failure
from .anthropic_answer import CONTENT, Answer, Block
from .anthropic_errors import error_event
from .anthropic_usage import NOTHING, counts
from .anthropic_whole import ending, head_of, refusal
from .dialect import Request
from .openai_chat_whole import verdict_comment
from .sse import comment

PING: Final = b'event: ping\ndata: {"type":"ping"}\n\n'


class _Position:
    """How far an answer was shown: the runs of each text that are out, and what waits for an earlier block.

    `adrift`: what is shown as content is not upstream's own text any more, so it stands in no block of upstream's.
    """

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.adrift = False
        self.released: dict[Channel, int] = {}
        self.waiting: dict[int, list[str]] = {}
        self.shown: dict[int, int] = {}
        self.next = 0
        self._read: dict[Channel, tuple[int, int]] = {}

    def take(self, channel: Channel, text: str) -> bool:
        """Puts a released text where it belongs; False where it is not what upstream said."""
        assert self.answer is not None
        runs = self.answer.runs.get(channel, [])
        run, offset = self._read.get(channel, (0, 0))
        found: list[tuple[int, str]] = []
        rest = text
        while rest and run < len(runs):
            piece = runs[run].text[offset : offset + len(rest)]
            if not rest.startswith(piece):
                return False
            found.append((runs[run].block, piece))
            rest, offset = rest[len(piece) :], offset + len(piece)
            if offset == len(runs[run].text):
                run, offset = run + 1, 0
        if rest:
            return False
        self._read[channel] = (run, offset)
        self.released[channel] = self.released.get(channel, 0) + len(text)
        for block, piece in found:
            # A citation's words are judged, and shown with the citation.
            if self.answer.blocks[block].channel == channel:
                self.waiting.setdefault(block, []).append(piece)
        return True


class MessageFrames:
    """Writes one stream; its head is that of the first answer of which something is shown."""

    def __init__(self, request: Request, identity: str) -> None:
        self._request = request
        self._identity = identity
        self._started = False
        self._index = -1
        self._open: str | None = None
        self._at = _Position(None)

    def release(self, release: Release, answer: Answer) -> bytes:
        """A text that may be shown: its events, and those of blocks that waited for it."""
        if answer is not self._at.answer:
            self._at = _Position(answer)
        start = self._start(answer)
        content = release.channel.kind == "content"
        if self._at.adrift and content:
            return start + self._say(release.text)
        if self._at.take(CONTENT if content else release.channel, release.text):
            return start + self._drain()
        if not content:
            return start
        self._at.adrift = True
        return start + self._flush() + self._say(release.text)

    def finish(self, finish: Finish, answer: Answer | None, usage: dict[str, Any] | None) -> bytes:
        """What is left of the blocks or why there is no more, the usage of all rounds, and the end."""
        frames = self._start(answer)
        if finish.delivery == "delivered" and answer is not None:
            if finish.text is None:
                if answer is not self._at.answer:
                    self._at = _Position(answer)
                frames += self._drain()
            frames += self._stop()
            end = ending(finish, answer, self._request)
        else:
            frames += self._stop() + self._say(finish.message or "") + self._stop()
            end = refusal(finish)
        delta = {"type": "message_delta", "delta": end, "usage": usage or NOTHING}
        return frames + _event(delta) + comment(verdict_comment(finish.verdict)) + _event({"type": "message_stop"})

    def error(self, found: Failure) -> bytes:
        """An error inside a stream."""
        return error_event(found)

    def _start(self, answer: Answer | None) -> bytes:
        if self._started:
            return b""
        self._started = True
        head = head_of(self._request, answer, self._identity)
        usage = {**NOTHING, **counts(answer.usage)} if answer is not None else NOTHING
        message = {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        return _event({"type": "message_start", "message": message})

    def _drain(self) -> bytes:
        """Everything that may be shown in order: up to the first block of which something is still held."""
        at, frames = self._at, b""
        assert at.answer is not None
        blocks = list(at.answer.blocks.items())
        while at.next < len(blocks):
            number, block = blocks[at.next]
            if not (at.adrift and block.channel == CONTENT):
                texts = at.waiting.pop(number, [])
                if not self._begins(block, texts):
                    break
                frames += self._grow(number, block, "".join(texts))
            if not self._complete(number, block):
                break
            frames += self._close(block)
            at.next += 1
        return frames

    def _begins(self, block: Block, texts: list[str]) -> bool:
        """Whether a block may be seen: when something of it is released, or there is nothing in it to release."""
        begun = self._at.next in self._at.shown
        return begun or bool(texts) or (block.closed and not block.length)

    def _grow(self, number: int, block: Block, text: str) -> bytes:
        at, frames = self._at, b""
        if at.next not in at.shown:
            at.shown[at.next] = 0
            # A text that goes on where an earlier answer stopped stays in the block that is open.
            if not (block.kind == "text" and self._open == "text"):
                frames += self._begin(_opening(block))
        at.shown[at.next] += len(text)
        if not text or _has_all_at_once(block):
            return frames
        return frames + self._delta(_delta(block, text))

    def _complete(self, number: int, block: Block) -> bool:
        at = self._at
        if not block.closed:
            return False
        if at.adrift and block.channel == CONTENT:
            return True
        cited = all(at.released.get(citation.channel, 0) >= citation.length for citation in block.citations)
        return cited and at.shown.get(at.next, 0) >= block.length

    def _close(self, block: Block) -> bytes:
        if self._at.adrift and block.channel == CONTENT:
            return b""
        frames = b"".join(
            self._delta({"type": "citations_delta", "citation": citation.value}) for citation in block.citations
        )
        if block.signature:
            frames += self._delta({"type": "signature_delta", "signature": block.signature})
        return frames + self._stop()

    def _flush(self) -> bytes:
        """What was taken for upstream's text and still waits is shown with the text that is not."""
        at, frames = self._at, b""
        assert at.answer is not None
        for number in sorted(at.waiting):
            if at.answer.blocks[number].channel == CONTENT:
                frames += self._say("".join(at.waiting.pop(number)))
        return frames

    def _say(self, text: str) -> bytes:
        frames = b"" if self._open == "text" else self._begin({"type": "text", "text": ""})
        return frames + (self._delta({"type": "text_delta", "text": text}) if text else b"")

    def _begin(self, block: dict[str, Any]) -> bytes:
        frames = self._stop()
        self._index += 1
        self._open = str(block["type"])
        return frames + _event({"type": "content_block_start", "index": self._index, "content_block": block})

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _stop(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event({"type": "content_block_stop", "index": self._index})


def _opening(block: Block) -> dict[str, Any]:
    match block.kind:
        case "text":
            return {**block.fields, "text": ""}
        case "thinking":
            return {**block.fields, "thinking": "", "signature": ""}
        case kind if kind.endswith("_use"):
            return {**block.fields, "input": {}}
        case _:
            return block.fields


def _has_all_at_once(block: Block) -> bool:
    """Whether all of a block stands in its start: the text that was judged of it is not what is shown."""
    return not (block.kind in ("text", "thinking") or block.kind.endswith("_use"))


def _delta(block: Block, text: str) -> dict[str, Any]:
    match block.kind:
        case "text":
            return {"type": "text_delta", "text": text}
        case "thinking":
            return {"type": "thinking_delta", "thinking": text}
        case _:
            return {"type": "input_json_delta", "partial_json": text}


def _event(data: dict[str, Any]) -> bytes:
    return b"event: " + str(data["type"]).encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
