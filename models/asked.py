"""A request to a classifier from its coming to its answer, told to a thread or to an event loop that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future

import msgspec

from .assessment import Assessment
from .content import Part
from .errors import DeadlineExceeded, NotJudged
from .waiting import Item


class Asked(msgspec.Struct, kw_only=True, eq=False):
    """Parts to be judged, their costs in tokens, and the answers that are there.

    `came` and `deadline` are time.monotonic() readings; `waiting` parts are in the queue and `left` have no answer.
    `over`: it was answered, or nobody waits for it any more.
    """

    parts: Sequence[Part]
    costs: Sequence[int]
    came: float
    left: int
    deadline: float | None = None
    future: Future[list[Assessment]] | asyncio.Future[list[Assessment]]
    items: list[Item[Asked]] = []
    waiting: int = 0
    answers: dict[int, Assessment] = {}
    error: NotJudged | None = None
    over: bool = False

    def late(self, now: float) -> bool:
        """Whether its deadline has passed."""
        return self.deadline is not None and now >= self.deadline


def asked(
    parts: Sequence[Part],
    costs: Sequence[int],
    future: Future[list[Assessment]] | asyncio.Future[list[Assessment]],
    *,
    deadline: float | None,
) -> Asked:
    """A request that comes now."""
    return Asked(
        parts=parts, costs=costs, came=time.monotonic(), left=len(parts), deadline=deadline, future=future, answers={}
    )


def tell(requests: Iterable[Asked]) -> None:
    """Hands out answers and errors from any thread; an event loop is woken once for all of its own."""
    loops: dict[asyncio.AbstractEventLoop, list[Asked]] = {}
    for request in requests:
        if isinstance(request.future, Future):
            if request.future.set_running_or_notify_cancel():
                _settle(request)
        else:
            loops.setdefault(request.future.get_loop(), []).append(request)
    for loop, own in loops.items():
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits there
            loop.call_soon_threadsafe(_settle_all, own)


def too_late(timeout: float | None) -> DeadlineExceeded:
    """The error of a caller that waited `timeout` seconds."""
    return DeadlineExceeded(f"not judged within {timeout:g} s" if timeout is not None else "not judged in time")


def _settle_all(requests: Iterable[Asked]) -> None:
    for request in requests:
        if not request.future.done():
            _settle(request)


def _settle(request: Asked) -> None:
    if request.error is not None:
        request.future.set_exception(request.error)
    else:
        request.future.set_result([request.answers[place] for place in range(len(request.parts))])
