"""Parts to classifiers and back: the memo, the reader of each kind, and failures that stay alone."""

from __future__ import annotations

import asyncio

from headgate.guard.judging import Judging
from headgate.guard.memo import Memo
from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Image, Opaque, Text
from headgate.models.fakes import FakeClassifier


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
