import pytest

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.cascade import Cascade
from headgate.models.classifier import Classifier, members_of
from headgate.models.content import Text
from headgate.models.errors import ConfigError, Overloaded
from headgate.models.fakes import FakeClassifier, scores

CALM, GREY, LOUD = Text(text="calm"), Text(text="grey"), Text(text="loud")
SMALL = {"calm": 0.1, "grey": 0.5, "loud": 0.95}


def pair(large: FakeClassifier, *, low: float = 0.2, high: float = 0.8) -> Cascade:
    return Cascade(FakeClassifier(SMALL, name="small", digest="s"), large, low=low, high=high)


def test_only_the_grey_zone_reaches_the_large_one():
    large = FakeClassifier(default=0.02, name="large")
    calm, grey, loud = pair(large).assess([CALM, GREY, LOUD])
    assert large.judged == [GREY]
    assert isinstance(calm, Assessed)
    assert isinstance(grey, Assessed)
    assert isinstance(loud, Assessed)
    assert (calm.unsafe, grey.unsafe, loud.unsafe) == (0.1, 0.02, 0.95)
    assert (calm.model, grey.model) == ("small", "small+large")


def test_the_bounds_belong_to_the_grey_zone():
    large = FakeClassifier(default=0.0)
    pair(large, low=0.5, high=0.5).assess([CALM, GREY, LOUD])
    assert large.judged == [GREY]


def test_what_the_large_one_does_not_assess_stays_the_small_ones():
    large = FakeClassifier(default=scores(unsafe=0.9, categories={"violence": 0.9}, covers=["violence"], model="large"))
    (found,) = pair(large).assess([GREY])
    assert isinstance(found, Assessed)
    assert found.categories["violence"] == 0.9
    assert found.categories["privacy"] == 0.0


def test_a_large_one_that_fails_is_named_and_the_small_ones_word_stands():
    large = FakeClassifier(default=Overloaded("busy"), name="large")
    calm, grey = pair(large).assess([CALM, GREY])
    assert isinstance(calm, Assessed)
    assert calm.missed == ()
    assert isinstance(grey, Assessed)
    assert grey.unsafe == 0.5
    assert grey.missed == (Unjudged(reason="overloaded", detail="Overloaded", model="large"),)


def test_what_the_small_one_could_not_judge_goes_to_the_large_one():
    small = FakeClassifier(default=RuntimeError("secret"), name="small")
    (found,) = Cascade(small, FakeClassifier(default=0.3, name="large"), low=0.2, high=0.8).assess([CALM])
    assert isinstance(found, Assessed)
    assert (found.unsafe, found.model) == (0.3, "large")
    broken = FakeClassifier(default=RuntimeError("secret"), name="large")
    assert isinstance(Cascade(small, broken, low=0.2, high=0.8).assess([CALM])[0], Unjudged)


def test_an_attack_in_the_grey_zone_counts_where_the_large_one_knows_attacks():
    hidden = scores(unsafe=0.0, categories={"prompt_attack": 0.5})
    small = FakeClassifier(default=hidden)
    knows, ignores = FakeClassifier(), FakeClassifier(covers=["violence"])
    Cascade(small, knows, low=0.2, high=0.8).assess([CALM])
    Cascade(small, ignores, low=0.2, high=0.8).assess([CALM])
    assert (knows.calls, ignores.calls) == (1, 0)


def test_it_is_a_classifier_made_of_two():
    judge = pair(FakeClassifier(name="large", digest="l"))
    assert isinstance(judge, Classifier)
    assert [member.name for member in members_of(judge)] == ["small", "large"]
    assert judge.digest != pair(FakeClassifier(name="large", digest="l"), low=0.3).digest
    assert judge.digest != pair(FakeClassifier(name="large", digest="m")).digest
    assert judge.cost(CALM) == FakeClassifier().cost(CALM)


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.2), (-0.1, 0.5), (0.5, 1.5)])
def test_a_zone_that_is_none_is_refused(low: float, high: float):
    with pytest.raises(ConfigError, match=r"cascade\.between"):
        pair(FakeClassifier(), low=low, high=high)
