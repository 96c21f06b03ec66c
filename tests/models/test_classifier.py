from headgate.models.classifier import Classifier
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
