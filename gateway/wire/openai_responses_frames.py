"""A streamed Responses answer for the caller: upstream's items in upstream's order, each text as it is released."""

from __future__ import annotations

from typing import Any

import msgspec

from ...guard.effects import Channel, Finish, Release
from ..errors import Failure
from .openai_chat_whole import verdict_comment
from .openai_responses_answer import Answer, Slot
from .openai_responses_events import Events
from .openai_responses_request import ResponsesRequest
from .sse import comment

_OURS = Slot(-2, "text")
"""The slot of a text that no upstream said."""


class Frames:
    """Writes one stream.

    Calls are released last, so a text that upstream said after a call waits for it: an item must not be shown before
    one that it follows. `_next` is the first item that is not shown yet.
    """

    def __init__(self, asked: ResponsesRequest, identity: str) -> None:
        self._events = Events(asked, identity=identity)
        self._identity = identity
        self._answer: Answer | None = None
        self._released: dict[Slot, list[str]] = {}
        self._held: list[Release] = []
        self._next = 0

    def release(self, release: Release, answer: Answer) -> bytes:
        """A text that may be shown, or nothing where it has to wait for what comes before it."""
        self._adopt(answer)
        slot = answer.slot(release.channel)
        if slot is None or not self._is_upstreams(slot, release, answer):
            return self._foreign(release, answer)
        if self._held or self._waits(slot, answer):
            self._held.append(release)
            # Something may have been released that others waited for.
            return self._drain(answer)
        return self._show(slot, release.text, answer)

    def finish(self, finish: Finish, answer: Answer | None, usage: dict[str, Any] | None) -> bytes:
        """The rest of a delivered answer, or why there is no more; then the last event, and the verdict."""
        if finish.delivery == "delivered":
            # Where a helper's text is out, nothing of what upstream said beside it belongs to the answer.
            own = answer if finish.text is None else None
            if own is not None:
                self._adopt(own)
            data = self._remaining(own) if own is not None else b""
            data += self._close(own)
            data += self._events.end(own.head if own is not None else {}, usage)
        else:
            data = self._events.stop(finish.message or "", usage, supported=finish.delivery == "supported")
        return data + comment(verdict_comment(finish.verdict))

    def error(self, found: Failure) -> bytes:
        """An error inside a stream that has begun: clients raise it."""
        error = msgspec.json.decode(found.body)["error"]
        return self._events.error(message=error.get("message") or "", code=error.get("code"), param=error.get("param"))

    def _adopt(self, answer: Answer) -> None:
        if answer is not self._answer:
            self._answer, self._next = answer, 0
            self._held.clear()
            self._released.clear()
            self._events.adopt(answer.head)

    def _is_upstreams(self, slot: Slot, release: Release, answer: Answer) -> bool:
        """Whether upstream said this, or a helper in its place: a text that was replaced goes on as it began.

        What comes after the end of its item is ours: help lines stand beneath the whole answer.
        """
        if self._events.open == _OURS or (slot.item < self._next and not self._is_open(slot.item)):
            return False
        return slot in self._released or answer.text(slot).startswith(release.text)

    def _foreign(self, release: Release, answer: Answer) -> bytes:
        if release.channel != Channel():
            return b""
        ended = b"" if self._events.open == _OURS else self._close(answer)
        return ended + self._events.text(_OURS, {}, release.text)

    def _show(self, slot: Slot, text: str, answer: Answer) -> bytes:
        data = self._pass_to(slot.item, answer)
        released = self._released.setdefault(slot, [])
        item = answer.items.get(slot.item, {})
        if slot.field != "whole" and slot.field != "annotations":
            released[:] = [text]
            return data + self._events.text(slot, item, text)
        released.append(text)
        if "".join(released) != answer.text(slot):
            return data
        if slot.field == "annotations":
            return data + self._annotations(slot, item)
        self._next = slot.item + 1
        return data + self._events.whole(item)

    def _annotations(self, slot: Slot, item: dict[str, Any]) -> bytes:
        if self._events.open != Slot(slot.item, "text", slot.part):
            return b""
        return b"".join(self._events.annotation(found) for found in item["content"][slot.part]["annotations"])

    def _pass_to(self, index: int, answer: Answer) -> bytes:
        """Ends the items before this one, and shows those of them that say nothing."""
        data = b""
        for number in sorted(answer.items):
            if not self._next <= number < index:
                continue
            if self._is_open(number):
                data += self._events.close(answer.items[number])
            elif not _speaks(number, answer):
                data += self._events.whole(answer.items[number])
        self._next = max(self._next, index)
        return data

    def _waits(self, slot: Slot, answer: Answer) -> bool:
        """Whether an item before this one has something to say that is not released."""
        return any(
            not self._is_open(number) and _speaks(number, answer)
            for number in answer.items
            if self._next <= number < slot.item
        )

    def _drain(self, answer: Answer) -> bytes:
        """Shows what need not wait any longer: the call that was waited for, and what waited for it."""
        data = b""
        for release in sorted(self._held, key=lambda held: _order(held, answer)):
            slot = answer.slot(release.channel)
            assert slot is not None
            if self._waits(slot, answer):
                break
            self._held.remove(release)
            data += self._show(slot, release.text, answer)
        return data

    def _remaining(self, answer: Answer) -> bytes:
        """What is left of a delivered answer: items that say nothing, and calls that nobody released by themselves."""
        data = b""
        for slot in sorted(answer.texts, key=lambda slot: slot.item):
            channel = answer.channels[slot]
            if channel.kind == "tool_call" and slot not in self._released and not self._is_held(channel):
                self._held.append(Release(channel, answer.text(slot)))
        data += self._drain(answer)
        return data + self._pass_to(max(answer.items, default=-1) + 1, answer)

    def _close(self, answer: Answer | None) -> bytes:
        slot = self._events.open
        known = answer.items.get(slot.item) if answer is not None and slot is not None else None
        return self._events.close(known)

    def _is_held(self, channel: Channel) -> bool:
        return any(release.channel == channel for release in self._held)

    def _is_open(self, number: int) -> bool:
        return self._events.open is not None and self._events.open.item == number


def _speaks(number: int, answer: Answer) -> bool:
    return any(slot.item == number for slot in answer.texts)


def _order(release: Release, answer: Answer) -> int:
    slot = answer.slot(release.channel)
    return slot.item if slot is not None else 0
