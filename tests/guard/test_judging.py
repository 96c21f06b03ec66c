"""Parts to classifiers and back: the memo, the reader of each kind, and failures that stay alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from headgate.guard.judging import BIG, Judging
from headgate.guard.memo import Memo
from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.cascade import Cascade
from headgate.models.combine import Combined
from headgate.models.content import Image, Opaque, Part, Text
from headgate.models.errors import InferenceFailed
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.meaning import packed


def test_each_kind_goes_to_the_first_classifier_that_reads_it() -> None:
    text = FakeClassifier(kinds=frozenset({"text"}), name="words")
    image = FakeClassifier({"": 0.7}, kinds=frozenset({"image"}), name="pictures")
    judging = Judging([text, image])
    found = judging.judge([Text(text="a"), Image(url="https://example.org/a.png"), Opaque(type="audio")])
    assert [type(item) for item in found] == [Assessed, Assessed, Unjudged]
    assert (len(text.judged), len(image.judged)) == (1, 1)
    assert judging.digests == ("words@fake0000", "pictures@fake0000")
    judging.close()


async def test_the_same_part_is_judged_once_in_a_call_and_ever_after() -> None:
    classifier = FakeClassifier()
    judging = Judging([classifier])
    part = Text(text="the same words")
    judging.judge([part, Text(text="the same words", path="elsewhere"), part])
    await judging.ajudge([part])
    assert len(classifier.judged) == 1
    judging.close()


def test_the_same_words_in_another_role_or_context_are_judged_again() -> None:
    classifier = FakeClassifier()
    judging = Judging([classifier])
    judging.judge([Text(text="x"), Text(text="x", context="y"), Text(text="x", purpose="t2i")])
    assert len(classifier.judged) == 3
    judging.close()


def test_a_shared_memo_never_answers_for_another_model() -> None:
    memo = Memo()
    old, new = FakeClassifier(default=0.1, digest="old"), FakeClassifier(default=0.9, digest="new")
    first, second = Judging([old], memo=memo, key=b"k"), Judging([new], memo=memo, key=b"k")
    (before,), (after,) = first.judge([Text(text="x")]), second.judge([Text(text="x")])
    assert isinstance(before, Assessed)
    assert isinstance(after, Assessed)
    assert (before.unsafe, after.unsafe) == (0.1, 0.9)
    first.close()
    second.close()


def test_a_failure_is_not_remembered() -> None:
    classifier = FakeClassifier(default=RuntimeError("once"))
    judging = Judging([classifier])
    assert isinstance(judging.judge([Text(text="x")])[0], Unjudged)
    classifier.default = 0.0
    assert isinstance(judging.judge([Text(text="x")])[0], Assessed)
    judging.close()


async def test_many_callers_at_once_get_their_own_answers() -> None:
    judging = Judging([FakeClassifier({str(n): n / 100 for n in range(10, 60)})])
    found = await asyncio.gather(*(judging.ajudge([Text(text=str(n))]) for n in range(10, 60)))
    assert [item.unsafe for (item,) in found if isinstance(item, Assessed)] == [n / 100 for n in range(10, 60)]
    judging.close()


async def test_after_close_nothing_is_judged_and_nothing_raises() -> None:
    judging = Judging([FakeClassifier()])
    judging.close()
    assert judging.judge([Text(text="x")]) == await judging.ajudge([Text(text="x")])
    assert isinstance(judging.judge([Text(text="x")])[0], Unjudged)


class Broken(FakeClassifier):
    """Fails for all that it is asked."""

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        raise InferenceFailed("no")


async def test_a_stand_in_judges_what_the_classifier_in_charge_could_not_and_says_so() -> None:
    small = FakeClassifier(default=0.3, name="small", digest="small")
    judging = Judging([Broken(name="full")], fallbacks=[Broken(name="none"), small])
    (asked,), (awaited,) = judging.judge([Text(text="x")]), await judging.ajudge([Text(text="x")])
    for found in (asked, awaited):
        assert isinstance(found, Assessed)
        assert (found.unsafe, found.rung) == (0.3, "small")
    assert len(small.judged) == 2  # what stood in is not remembered
    assert judging.digests == ("full@fake0000", "none@fake0000", "small@small")
    judging.close()


async def test_what_nobody_down_the_ladder_reads_is_unjudged_for_the_first_reason() -> None:
    words = FakeClassifier(kinds=frozenset({"text"}), name="words")
    judging = Judging([Broken(name="full")], fallbacks=[words])
    found = await judging.ajudge([Text(text="x"), Image(url="https://example.org/a.png")])
    assert isinstance(found[0], Assessed)
    assert found[1] == Unjudged(reason="inference_failed", detail="InferenceFailed", model="full")
    judging.close()


def test_without_stand_ins_a_failure_is_unjudged() -> None:
    judging = Judging([Broken()])
    assert isinstance(judging.judge([Text(text="x")])[0], Unjudged)
    judging.close()


async def test_a_long_text_is_judged_like_any_other() -> None:
    judging = Judging([FakeClassifier({"needle": 0.9})])
    (found,) = await judging.ajudge([Text(text="x" * BIG + "needle")])
    assert isinstance(found, Assessed)
    assert found.unsafe == 0.9
    judging.close()


def test_what_a_missing_judge_leaves_open_is_judged_again() -> None:
    small = FakeClassifier({"": 0.5}, name="small")
    answers = iter([InferenceFailed("down"), 0.1])
    large = FakeClassifier(name="large", before=lambda parts: setattr(large, "default", next(answers)))
    judging = Judging([Cascade(small, large, low=0.2, high=0.8)])
    (first,) = judging.judge([Text(text="grey")])
    assert isinstance(first, Assessed)
    assert [one.model for one in first.missed] == ["large"]
    (second,) = judging.judge([Text(text="grey")])
    assert isinstance(second, Assessed)
    assert (second.unsafe, second.missed) == (0.1, ())
    judging.judge([Text(text="grey")])
    assert large.calls == 2
    judging.close()


def test_members_are_listed_with_what_they_make_and_its_digest_is_the_memos() -> None:
    one, other = FakeClassifier(name="one", digest="1"), FakeClassifier(name="other", digest="2")
    both, again = Combined([one, other]), Combined([other, one])
    judging = Judging([both])
    assert judging.digests == (f"one+other@{both.digest}", "one@1", "other@2")
    memo = Memo()
    for combination in (both, again, both):
        shared = Judging([combination], memo=memo, key=b"k" * 32)
        shared.judge([Text(text="tea")])
        shared.close()
    assert one.calls == 2
    judging.close()


async def test_what_a_stand_in_says_a_text_is_about_is_not_taken_for_the_telling_of_the_model_in_charge() -> None:
    told = msgspec.structs.replace(scores(), meaning=packed(np.ones((1, 4), dtype=np.float32), by="another"))
    judging = Judging([FakeClassifier(default=RuntimeError("down"))], fallbacks=[FakeClassifier(default=told)])
    part = Text(text="x")
    for found in (*judging.judge([part]), *await judging.ajudge([part])):
        assert isinstance(found, Assessed)
        assert (found.rung, found.meaning) == ("fake", b"")
    judging.close()


class _Asked(Memo):
    """A memo with others behind it, who know nothing."""

    shared = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    async def fetch(self, keys: Sequence[str]) -> None:
        self.asked.append(len(keys))


class _Counted(Judging):
    """Notes whether keys were made on the main thread."""

    def _keys(self, parts: Sequence[Part]) -> list[str]:
        made.append(threading.current_thread() is threading.main_thread())
        return super()._keys(parts)


made: list[bool] = []


@pytest.mark.parametrize("long", [True, False])
async def test_keys_are_made_once_a_call_and_off_the_event_loop_where_that_takes_long(long: bool) -> None:
    for memo in (Memo(), _Asked()):
        judging = _Counted([FakeClassifier()], memo=memo)
        made.clear()
        await judging.ajudge([Text(text="word " * (BIG if long else 1))])
        assert made == [not long]
        judging.close()


@pytest.mark.parametrize("combined", [True, False])
async def test_others_are_not_asked_about_texts_where_it_is_told_what_they_are_about(combined: bool) -> None:
    teller = FakeClassifier(digest="d+mean", kinds=frozenset({"text", "image"}))
    judging = Judging([Combined([FakeClassifier(), teller]) if combined else teller], memo=(memo := _Asked()))
    await judging.ajudge([Text(text="x"), Image(url="https://example.org/a.png"), Text(text="y")])
    assert memo.asked == [1]
    judging.close()
