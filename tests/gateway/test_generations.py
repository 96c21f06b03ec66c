from __future__ import annotations

from typing import Any, cast

from headgate.gateway.generations import Generations


class Client:
    """Something to close."""

    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


def clients(count: int) -> list[Any]:
    return [cast(Any, Client()) for _ in range(count)]


async def test_a_client_is_closed_when_all_that_began_before_its_successor_have_ended() -> None:
    old, new, newest = clients(3)
    generations = Generations(old)
    first = generations.enter()
    generations.replace(new)
    second = generations.enter()
    assert generations.upstreams is new
    generations.replace(newest)
    assert generations.active == 2
    # The first request may have taken the client that was newest in between.
    generations.leave(second)
    await generations.close()
    assert [old.closed, new.closed, newest.closed] == [1, 1, 1]
    generations.leave(first)


async def test_an_unused_client_is_closed_at_once() -> None:
    old, new = clients(2)
    generations = Generations(old)
    generations.leave(generations.enter())
    generations.replace(new)
    await generations.close()
    assert [old.closed, new.closed] == [1, 1]


async def test_nothing_that_is_in_use_is_closed() -> None:
    old, middle, new = clients(3)
    generations = Generations(old)
    first = generations.enter()
    generations.replace(middle)
    generations.replace(new)
    assert [old.closed, middle.closed] == [0, 0]
    generations.leave(first)
    await generations.close()
    assert [old.closed, middle.closed, new.closed] == [1, 1, 1]
