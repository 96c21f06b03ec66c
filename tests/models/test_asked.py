from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from headgate.models.asked import Asked, asked, tell, too_late
from headgate.models.assessment import Assessment
from headgate.models.content import Text
from headgate.models.errors import DeadlineExceeded, InferenceFailed
from headgate.models.fakes import scores


def of(future: Future[list[Assessment]] | asyncio.Future[list[Assessment]]) -> Asked:
    found = asked([Text(text="a"), Text(text="b")], [1, 1], future, deadline=5.0)
    found.answers = {1: scores(unsafe=0.2), 0: scores(unsafe=0.1)}
    return found


def test_a_thread_is_told_the_answers_in_the_order_of_its_parts():
    future: Future[list[Assessment]] = Future()
    tell([of(future)])
    assert future.result(0) == [scores(unsafe=0.1), scores(unsafe=0.2)]


def test_an_error_is_told_as_such():
    future: Future[list[Assessment]] = Future()
    request = of(future)
    request.error = InferenceFailed("no")
    tell([request])
    with pytest.raises(InferenceFailed):
        future.result(0)


def test_a_cancelled_request_is_told_nothing():
    future: Future[list[Assessment]] = Future()
    future.cancel()
    tell([of(future)])
    assert future.cancelled()


async def test_an_event_loop_is_woken_from_another_thread_and_told_all_of_its_own():
    futures = [asyncio.get_running_loop().create_future() for _ in range(3)]
    futures[1].cancel()
    await asyncio.to_thread(tell, [of(future) for future in futures])
    assert await futures[0] == await futures[2] == [scores(unsafe=0.1), scores(unsafe=0.2)]


def test_a_loop_that_is_closed_is_not_told_and_breaks_nothing():
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    loop.close()
    tell([of(future)])
    assert not future.done()


def test_a_deadline_has_passed_from_its_very_moment_on():
    request = of(Future())
    assert not request.late(4.9)
    assert request.late(5.0)
    assert isinstance(too_late(0.5), DeadlineExceeded)
    assert "0.5 s" in str(too_late(0.5))
