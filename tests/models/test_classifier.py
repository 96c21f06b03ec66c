import pytest

from headgate.models.classifier import Classifier, ask_ready, patience_of
from headgate.models.errors import ModelUnavailable
from headgate.models.fakes import FakeClassifier


def test_the_protocol_is_told_by_its_members():
    assert isinstance(FakeClassifier(), Classifier)
    assert not isinstance(object(), Classifier)


def test_a_subclass_that_lacks_nothing_can_stand_in():
    class Named(FakeClassifier):
        @property
        def name(self) -> str:
            return "named"

    assert isinstance(Named(), Classifier)
    assert Named().name == "named"


def test_who_needs_longer_by_its_nature_says_so():
    class Slow(FakeClassifier):
        patience = 120.0

    assert patience_of(Slow()) == 120.0
    assert patience_of(FakeClassifier()) == 0.0


def test_whoever_is_run_elsewhere_is_asked_whether_it_is_ready():
    class Away(FakeClassifier):
        def ready(self) -> None:
            raise ModelUnavailable("nobody there")

    ask_ready(FakeClassifier())
    with pytest.raises(ModelUnavailable, match="nobody there"):
        ask_ready(Away())
