from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator

import pytest

from headgate.guard.calls import call_of
from headgate.guard.effects import Channel, Delta, End, Finish, Generate
from headgate.guard.function_source import (
    AsyncFunctionSource,
    AsyncStreamSource,
    FunctionSource,
    StreamSource,
    corrected,
)
from headgate.models.errors import ConfigError
from headgate.policies.verdict import Action, Verdict

VERDICT = Verdict(action=Action.ALLOW)


def call_for(function: object):
    return call_of(inspect.signature(function), None, ("hi",), {})  # type: ignore[arg-type]


async def test_a_function_is_called_once_a_candidate_and_its_own_result_is_kept() -> None:
    def plain(prompt: str) -> dict[str, str]:
        return {"content": prompt}

    async def awaited(prompt: str) -> dict[str, str]:
        return {"content": prompt}

    source = FunctionSource(plain, call_for(plain), None)
    source.generate(Generate(round=1, n=2))
    assert [source.read() for _ in range(3)] == [Delta(Channel(0), "hi"), Delta(Channel(1), "hi"), End()]
    finish = Finish(verdict=VERDICT, delivery="delivered", round=1, choice=1)
    assert source.result(finish) == {"content": "hi"}

    other = AsyncFunctionSource(awaited, call_for(awaited), None)
    await other.generate(Generate(round=1))
    assert [await other.read() for _ in range(2)] == [Delta(Channel(0), "hi"), End()]
    assert other.result(Finish(verdict=VERDICT, delivery="delivered", round=1)) == {"content": "hi"}


async def test_streams_are_read_in_turn_and_closed_on_cancel() -> None:
    closed: list[str] = []

    def plain(prompt: str) -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("plain")

    async def awaited(prompt: str) -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            closed.append("awaited")

    source = StreamSource(plain, call_for(plain), None)
    source.generate(Generate(round=1, n=2))
    assert [source.read() for _ in range(5)] == [
        Delta(Channel(0), "a"), Delta(Channel(0), "b"), Delta(Channel(1), "a"), Delta(Channel(1), "b"), End(),
    ]  # fmt: skip
    other = AsyncStreamSource(awaited, call_for(awaited), None)
    await other.generate(Generate(round=1))
    assert await other.read() == Delta(Channel(0), "a")
    await other.cancel()
    source.generate(Generate(round=2))
    source.read()
    source.cancel()
    assert sorted(closed) == ["awaited", "plain", "plain", "plain"]


async def test_asking_a_coroutine_waits_for_nothing_and_giving_it_up_cancels_it() -> None:
    events: list[str] = []

    async def awaited(prompt: str) -> str:
        events.append("started")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("cleaned")
        return prompt

    source = AsyncFunctionSource(awaited, call_for(awaited), None)
    await source.generate(Generate(round=1, n=2))
    events.append("asked")
    await asyncio.sleep(0)
    await source.cancel()
    assert events == ["asked", "started", "started", "cleaned", "cleaned"]


async def test_what_a_coroutine_raises_is_raised_by_the_first_read() -> None:
    async def fails(prompt: str) -> str:
        raise ValueError("out of order")

    source = AsyncFunctionSource(fails, call_for(fails), None)
    await source.generate(Generate(round=1))
    with pytest.raises(ValueError, match="out of order"):
        await source.read()
    await source.cancel()


def test_a_helpers_text_stands_in_the_results_own_shape() -> None:
    finish = Finish(verdict=VERDICT, delivery="delivered", round=2, text="Better.")
    for result, expected in (
        ("Bad.", "Better."),
        ({"content": "Bad.", "id": 1, "reasoning": "Bad."}, {"content": "Better.", "id": 1}),
    ):

        def plain(prompt: str, result: object = result) -> object:
            return result

        source = FunctionSource(plain, call_for(plain), None)
        source.generate(Generate(round=1))
        assert source.result(finish) == expected
    with pytest.raises(ConfigError, match="leave the corrector out"):
        corrected(object(), "Better.", None)
