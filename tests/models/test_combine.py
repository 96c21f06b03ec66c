import threading

import pytest

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.classifier import Classifier, callers_of, members_of
from headgate.models.combine import Combined, failed, judged
from headgate.models.content import Image, Text
from headgate.models.errors import DeadlineExceeded
from headgate.models.fakes import FakeClassifier
from headgate.models.merge import Quorum

PART = Text(text="a storm")


def fake(score: float | Exception | Unjudged = 0.0, *, name: str = "fake", **more) -> FakeClassifier:
    return FakeClassifier(default=score, name=name, digest=f"d-{name}", **more)


def assessed(judge: Combined, part=PART) -> Assessed:
    (found,) = judge.assess([part])
    assert isinstance(found, Assessed)
    return found


def test_every_member_judges_and_the_rule_decides():
    low, high = fake(0.1, name="low"), fake(0.9, name="high")
    assert assessed(Combined([low, high])).unsafe == 0.9
    assert assessed(Combined([low, high], rule=Quorum(2))).unsafe == 0.1
    assert assessed(Combined([low, high])).model == "low+high"


def test_the_first_available_is_asked_alone():
    first, second = fake(0.1, name="first"), fake(0.9, name="second")
    assert assessed(Combined([first, second], rule="first_available")).unsafe == 0.1
    assert second.calls == 0


def test_the_next_is_asked_where_the_first_fails_and_nobody_is_missing():
    found = assessed(Combined([fake(RuntimeError("secret"), name="first"), fake(0.4)], rule="first_available"))
    assert found.unsafe == 0.4
    assert found.missed == ()


def test_the_next_is_asked_about_what_the_first_does_not_cover():
    first = fake(0.1, name="first", covers=["violence"])
    second = fake(0.1, name="second", covers=["prompt_attack"])
    found = assessed(Combined([first, second], rule="first_available"))
    assert found.categories["prompt_attack"] == 0.0
    assert found.model == "first+second"


def test_one_that_fails_is_named_and_the_others_word_stands():
    found = assessed(Combined([fake(0.3, name="small"), fake(DeadlineExceeded("late"), name="large")]))
    assert found.unsafe == 0.3
    assert [(one.reason, one.model) for one in found.missed] == [("deadline", "large")]


def test_one_that_does_not_read_such_a_part_is_not_missed():
    aside = fake(Unjudged(reason="unsupported_role"), name="aside")
    assert assessed(Combined([fake(0.3), aside])).missed == ()
    assert not failed(Unjudged(reason="unsupported_role"))


def test_where_nobody_can_judge_the_part_is_unjudged_with_the_failure():
    aside = fake(Unjudged(reason="unsupported_role"), name="aside")
    (found,) = Combined([aside, fake(RuntimeError("secret"), name="broken")]).assess([PART])
    assert isinstance(found, Unjudged)
    assert (found.reason, found.model) == ("inference_failed", "broken")
    assert "secret" not in found.detail


@pytest.mark.parametrize("answer", [RuntimeError("x"), DeadlineExceeded("y")])
def test_whatever_a_member_raises_is_not_judged(answer: Exception):
    assert all(isinstance(one, Unjudged) for one in judged(fake(answer), [PART, PART]))


def test_those_that_wait_are_asked_at_the_same_time():
    together = threading.Barrier(2, timeout=10)
    one = fake(0.1, name="one", before=lambda parts: together.wait() and None)
    other = fake(0.2, name="other", before=lambda parts: together.wait() and None)
    judge = Combined([one, other])
    assert assessed(judge).unsafe == 0.2
    judge.close()


def test_it_is_a_classifier_of_what_its_members_are():
    eyes = fake(name="eyes", kinds=frozenset({"image"}), covers=["sexual_content"])
    ears = fake(name="ears", kinds=frozenset({"text"}), covers=["violence"])
    judge = Combined([eyes, ears])
    assert isinstance(judge, Classifier)
    assert judge.kinds == {"image", "text"}
    assert judge.covers == {"sexual_content", "violence"}
    assert members_of(Combined([judge, ears])) == (judge, ears, eyes, ears)
    assert callers_of(judge) == 1
    assert assessed(judge, Image(data=b"x")).missed == ()


def test_the_digest_changes_with_every_member_their_order_and_the_rule():
    one, other = fake(name="one"), fake(name="other")
    every = [Combined([one, other]), Combined([other, one]), Combined([one, other], rule=Quorum(1)), Combined([one])]
    assert len({judge.digest for judge in every}) == len(every)


def test_thresholds_are_resolved_against_the_first_card():
    carded = fake(name="carded")
    carded.weights = "its card"  # type: ignore[attr-defined]
    assert Combined([fake(), carded]).weights == "its card"
    assert not hasattr(Combined([fake()]), "weights")
