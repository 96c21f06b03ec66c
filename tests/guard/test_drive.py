"""The drivers perform what the loop asks, agree with each other, and leave no source running."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from headgate.guard.drive import LONG, MANY, adrive, arun, drive, run
from headgate.guard.effects import (
    Channel,
    Consult,
    Consulted,
    Delta,
    End,
    Event,
    Finish,
    Generate,
    Judge,
    Read,
    Release,
)
from headgate.guard.loop import Steps, Terms, exchange
from headgate.models.assessment import Assessment
from headgate.models.content import Part, Text

from .dialogue import by_word, rules

ASK = (Text(text="Tell me about apples.", path="messages[0].content"),)
GOOD = "A plain sentence about apples stands here. Then another."


class Upstream:
    """A source in both forms that gives its answers in turn, then fails where it is told to."""

    def __init__(self, *answers: str, fails: bool = False) -> None:
        self.answers = answers
        self.fails = fails
        self.cancelled = 0
        self.events: list[Event] = []

    def generate(self, request: Generate) -> None:
        answer = self.answers[min(request.round, len(self.answers)) - 1]
        self.events = [Delta(Channel(), character) for character in answer] + [End()]

    def read(self) -> Event:
        if self.fails and len(self.events) < 4:
            raise ConnectionError("upstream went away")
        return self.events.pop(0)

    def cancel(self) -> None:
        self.cancelled += 1


class AsyncUpstream(Upstream):
    async def generate(self, request: Generate) -> None:  # type: ignore[override]
        super().generate(request)

    async def read(self) -> Event:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().read()

    async def cancel(self) -> None:  # type: ignore[override]
        super().cancel()


def judge(parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
    return tuple(by_word(part) for part in parts)


async def ajudge(parts: Sequence[Part], *, urgent: bool = False) -> tuple[Assessment, ...]:
    await asyncio.sleep(0)
    return judge(parts)


class Shown(list[str]):
    def release(self, release: Release) -> None:
        self.append(release.text)


class AsyncShown(list[str]):
    async def release(self, release: Release) -> None:
        self.append(release.text)


@pytest.mark.parametrize("answers", [(GOOD,), ("rotten", GOOD), ("rotten",), ("dreadful",), ("",)])
async def test_sync_and_async_end_alike_and_show_alike(answers: tuple[str, ...]) -> None:
    terms = Terms(rules=rules(), streams=True)
    shown, ashown = Shown(), AsyncShown()
    finish = drive(exchange(terms, ASK), judge, Upstream(*answers), shown)
    assert await adrive(exchange(terms, ASK), ajudge, AsyncUpstream(*answers), ashown) == finish
    assert shown == ashown
    assert "".join(shown) == (GOOD if finish.delivery == "delivered" and answers[-1] else "")


class AtOnce(AsyncUpstream):
    """Gives each answer in one piece."""

    async def generate(self, request: Generate) -> None:  # type: ignore[override]
        await super().generate(request)
        self.events = [Delta(Channel(), self.answers[min(request.round, len(self.answers)) - 1]), End()]


@pytest.mark.parametrize("word", ["plain", "rotten", "dreadful"])
@pytest.mark.parametrize("streams", [False, True])
async def test_a_very_long_answer_that_comes_at_once_ends_as_it_does_in_pieces(word: str, streams: bool) -> None:
    answer = "A plain sentence about apples stands here, and it says little. " * (3 * MANY) + f"A {word} end."
    assert len(answer) > LONG
    terms = Terms(rules=rules(), streams=streams)
    finish = drive(exchange(terms, ASK), judge, Upstream(answer))
    assert await adrive(exchange(terms, ASK), ajudge, AtOnce(answer)) == finish
    items = [item async for item in arun(exchange(terms, ASK), ajudge, AtOnce(answer))]
    assert items[-1] == finish


async def test_a_caller_who_leaves_while_a_long_answer_is_read_cancels_the_source() -> None:
    asked = asyncio.Event()

    class Told(AtOnce):
        async def read(self) -> Event:  # type: ignore[override]
            asked.set()
            return await super().read()

    source = Told(GOOD * LONG)
    task = asyncio.create_task(adrive(exchange(Terms(rules=rules()), ASK), ajudge, source))
    await asked.wait()
    await asyncio.sleep(0)  # it has read, and the answer is being cut
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.cancelled == 1


@pytest.mark.parametrize("times", [2, 5])
async def test_a_caller_who_is_cancelled_again_while_the_loop_runs_in_a_thread_is_cancelled_and_no_more(
    times: int,
) -> None:
    running, go, ended = threading.Event(), threading.Event(), threading.Event()

    def steps() -> Steps:
        yield Generate(round=1)
        yield Read()
        running.set()
        go.wait(60)
        try:
            yield Read()
        finally:
            ended.set()
        raise AssertionError

    source = AtOnce("x" * (LONG + 1))
    task = asyncio.create_task(adrive(steps(), ajudge, source))
    assert await asyncio.to_thread(running.wait, 60)
    for _ in range(times):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.cancelled == 1
    assert ended.is_set()


@pytest.mark.parametrize(
    "parts",
    [
        (Text(text="x" * (LONG + 1), path="a"),),
        tuple(Text(text="x" * 1000, path=f"{n}") for n in range(LONG // 1000 + 1)),
        tuple(Text(text="x", path=f"{n}") for n in range(MANY + 1)),
        ASK,
    ],
    ids=["one long text", "many that are long together", "very many", "a short one"],
)
async def test_what_was_judged_is_weighed_off_the_event_loop_where_it_is_much(parts: tuple[Part, ...]) -> None:
    where: list[bool] = []
    finish = drive(exchange(Terms(rules=rules(), answers=False), ASK), judge, Upstream(""))

    def steps() -> Steps:
        yield Judge(parts=parts)
        where.append(threading.current_thread() is threading.main_thread())
        return finish

    assert await adrive(steps(), ajudge, AsyncUpstream("")) == finish
    assert [item async for item in arun(steps(), ajudge, AsyncUpstream(""))] == [finish]
    assert where == [parts is ASK] * 2


@pytest.mark.parametrize("answer", [GOOD, GOOD * LONG], ids=["short", "long"])
async def test_a_reader_who_stops_at_the_finish_cancels_nothing(answer: str) -> None:
    source = AtOnce(answer)
    items = arun(exchange(Terms(rules=rules()), ASK), ajudge, source)
    async for item in items:
        if isinstance(item, Finish):
            break
    await items.aclose()
    assert source.cancelled == 0


async def test_a_source_that_fails_is_cancelled_and_its_error_reaches_the_caller() -> None:
    terms = Terms(rules=rules(), streams=True)
    source, other = Upstream(GOOD, fails=True), AsyncUpstream(GOOD, fails=True)
    with pytest.raises(ConnectionError):
        drive(exchange(terms, ASK), judge, source)
    with pytest.raises(ConnectionError):
        await adrive(exchange(terms, ASK), ajudge, other)
    assert (source.cancelled, other.cancelled) == (1, 1)


async def test_a_reader_who_leaves_cancels_the_source() -> None:
    terms = Terms(rules=rules(), streams=True)
    source, other = Upstream(GOOD), AsyncUpstream(GOOD)
    items = run(exchange(terms, ASK), judge, source)
    assert isinstance(next(items), Release)
    items.close()  # type: ignore[attr-defined]
    aitems = arun(exchange(terms, ASK), ajudge, other)
    assert isinstance(await anext(aitems), Release)
    await aitems.aclose()
    assert (source.cancelled, other.cancelled) == (1, 1)


async def test_a_cancelled_task_cancels_the_source() -> None:
    started = asyncio.Event()

    class Stalled(AsyncUpstream):
        async def read(self) -> Event:  # type: ignore[override]
            started.set()
            await asyncio.sleep(60)
            raise AssertionError

    source = Stalled(GOOD)
    task = asyncio.create_task(adrive(exchange(Terms(rules=rules()), ASK), ajudge, source))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.cancelled == 1


def test_the_last_item_is_the_finish_and_there_is_one() -> None:
    items = list(run(exchange(Terms(rules=rules(), streams=True), ASK), judge, Upstream(GOOD)))
    assert [isinstance(item, Finish) for item in items] == [False] * (len(items) - 1) + [True]


async def test_helpers_are_asked_by_both_drivers_and_nobody_is_where_none_is_given() -> None:
    policy = (
        "version: 1\nname: c\nextends: default\nregenerate: {strategy: corrector}\n"
        "services: {corrector: {url: 'http://localhost:1', model: m}}\n"
    )
    terms = Terms(rules=rules(policy))

    def consult(request: Consult) -> Consulted:
        return Consulted(text="Mended.")

    async def aconsult(request: Consult) -> Consulted:
        return consult(request)

    finish = drive(exchange(terms, ASK), judge, Upstream("rotten", GOOD), consult=consult)
    assert finish.text == "Mended."
    assert await adrive(exchange(terms, ASK), ajudge, AsyncUpstream("rotten", GOOD), consult=aconsult) == finish
    alone = drive(exchange(terms, ASK), judge, Upstream("rotten", GOOD))
    assert (alone.text, alone.delivery, alone.verdict.rounds[1].strategy) == (None, "delivered", "guideline")
    assert await adrive(exchange(terms, ASK), ajudge, AsyncUpstream("rotten", GOOD)) == alone
