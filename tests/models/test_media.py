import pytest

from headgate.models.assessment import Unjudged
from headgate.models.content import Image, Role, Video
from headgate.models.fakes import FakeClassifier
from headgate.models.media import asked, bytes_of, digest_of, message_of, own
from headgate.models.vision.bounds import Bounds


@pytest.mark.parametrize("kind", [Image, Video])
def test_data_urls_are_opened_within_the_bound(kind: type[Image] | type[Video]) -> None:
    assert bytes_of(kind(url="data:,abc"), limit=3) == b"abc"
    found = bytes_of(kind(url="data:,abcd"), limit=3)
    assert isinstance(found, Unjudged)
    assert found.reason == "too_large"


@pytest.mark.parametrize(("url", "reason"), [("https://example.org/a", "not_fetched"), ("", "not_decodable")])
def test_what_has_no_bytes_has_a_reason(url: str, reason: str) -> None:
    found = bytes_of(Video(url=url), limit=3)
    assert isinstance(found, Unjudged)
    assert found.reason == reason


def test_words_in_an_answer_are_judged_as_an_answer_and_those_of_a_user_with_their_message() -> None:
    (sent,) = asked(Image(context="look", path="a"), ["words"])
    assert (sent.role, sent.context, sent.path) == (Role.USER, "", "a")
    assert message_of(Image(context="look")) == "look"
    made = Image(context="a barn", role=Role.ASSISTANT, purpose="t2i")
    assert asked(made, ["words"])[0].context == "a barn"
    assert message_of(made) == ""


def test_a_digest_knows_every_part_of_it() -> None:
    fakes = (FakeClassifier(digest="a"), FakeClassifier(digest="b"))
    found = [
        digest_of(1, Bounds(), sums=["x"], judges=fakes),
        digest_of(2, Bounds(), sums=["x"], judges=fakes),
        digest_of(1, Bounds(frames=1), sums=["x"], judges=fakes),
        digest_of(1, Bounds(), sums=["y"], judges=fakes),
        digest_of(1, Bounds(), sums=["x"], judges=(None, fakes[1])),
        digest_of(1, Bounds(), sums=["x"], judges=fakes[::-1]),
    ]
    assert len(set(found)) == len(found)


def test_a_reason_keeps_the_name_of_who_gave_it() -> None:
    assert own(Unjudged(reason="late"), name="image@1").model == "image@1"
    assert own(Unjudged(reason="late", model="eyes"), name="image@1").model == "eyes"
