import math
from threading import Thread

import pytest

from headgate.models.assessment import Assessed, Severity, Unjudged
from headgate.models.classifier import Classifier
from headgate.models.content import Image, Text
from headgate.models.errors import InferenceFailed
from headgate.models.fakes import FakeClassifier, scores


def unsafe(fake: FakeClassifier, text: str) -> float:
    [answer] = fake.assess([Text(text=text)])
    assert isinstance(answer, Assessed)
    return answer.unsafe


def test_it_is_a_classifier():
    assert isinstance(FakeClassifier(), Classifier)


def test_the_first_rule_found_in_the_text_answers_and_the_default_does_otherwise():
    fake = FakeClassifier({"storm": 0.9, "rain": 0.4})
    assert unsafe(fake, "rain after the storm") == 0.9
    assert unsafe(fake, "rain") == 0.4
    assert unsafe(fake, "sun") == 0.0


def test_an_image_is_found_by_its_url_or_path():
    [answer] = FakeClassifier({"storm.png": 0.9}).assess([Image(url="https://example.com/storm.png")])
    assert isinstance(answer, Assessed)
    assert answer.unsafe == 0.9


def test_an_exception_among_the_rules_fails_the_batch():
    fake = FakeClassifier({"storm": InferenceFailed("no")})
    with pytest.raises(InferenceFailed):
        fake.assess([Text(text="sun"), Text(text="storm")])


def test_nan_and_unjudged_pass_through():
    fake = FakeClassifier({"fog": math.nan, "night": Unjudged(reason="too_long")})
    assert math.isnan(unsafe(fake, "fog"))
    assert fake.assess([Text(text="night")]) == [Unjudged(reason="too_long")]


def test_a_kind_that_it_does_not_read_is_unjudged():
    [answer] = FakeClassifier(kinds=frozenset({"text"})).assess([Image(url="a")])
    assert isinstance(answer, Unjudged)


def test_calls_and_parts_are_counted_from_many_threads():
    fake = FakeClassifier()
    threads = [Thread(target=fake.assess, args=([Text(text="sun")] * 3,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fake.calls == 8
    assert len(fake.judged) == 24


def test_scores_put_the_severity_on_one_level_and_leave_the_uncovered_unassessed():
    made = scores(unsafe=0.9, severity=3, categories={"violence": 0.8}, covers=("violence", "insult"))
    assert made.severity == (0.0, 0.0, 0.0, 1.0)
    assert made.categories["violence"] == 0.8
    assert made.categories["insult"] == 0.0
    assert made.categories["privacy"] is None
    assert scores(unsafe=0.9).severity is not None
    assert scores(unsafe=0.9).severity[Severity.MODERATE] == 1.0
