from collections.abc import Sequence

import numpy as np
import pytest

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Image, Role, Text
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.image import ImageJudge
from headgate.models.vision.bounds import Bounds
from headgate.models.vision.decode import Picture, Pixels
from headgate.models.vision.ocr import Seen, Written

from .vision.pictures import file, smooth

BOX = np.zeros((4, 2), np.float32)


def reader(*rows: str, more: bool = False, unread: bool = False) -> object:
    lines = tuple(Written(text=text, sure=1.0, box=BOX, row=row) for row, text in enumerate(rows))
    return lambda frame: Seen(lines=lines, more=more, unread=unread)


def ears(rules: dict[str, float | Exception]) -> FakeClassifier:
    return FakeClassifier(rules, kinds=frozenset({"text"}))


def judge(*rows: str, rules: dict[str, float | Exception] | None = None, **more: object) -> ImageJudge:
    text = more.pop("text", ears(rules or {}))
    look = more.pop("look", reader(*rows))
    return ImageJudge(look=look, look_digest="eyes", text=text, **more)  # type: ignore[arg-type]


def assessed(found: object) -> Assessed:
    assert isinstance(found, Assessed), found
    return found


PART = Image(data=file(smooth()), path="images[0]")


def reasons(found: object) -> list[str]:
    return [missed.reason for missed in assessed(found).missed]


def test_harmful_words_in_an_image_are_found_and_what_it_shows_is_not_judged() -> None:
    (found,) = judge("rotten words", rules={"rotten": 0.9}).assess([PART])
    assert assessed(found).unsafe == 0.9
    assert reasons(found) == ["no_visual_classifier"]


def test_words_that_are_harmful_only_with_the_message_are_found() -> None:
    eyes = judge("the old oak", rules={"cut down\nthe old oak": 0.8})
    assert assessed(eyes.assess([PART])[0]).unsafe == 0.0
    asked = Image(data=PART.data, context="How do I cut down")
    assert assessed(eyes.assess([asked])[0]).unsafe == 0.8


def test_an_image_without_words_has_no_score_and_says_why() -> None:
    (found,) = judge().assess([PART])
    assert all(score is None for score in assessed(found).categories.values())
    assert reasons(found) == ["no_visual_classifier"]


def test_a_generated_image_s_words_are_judged_as_an_answer_to_its_prompt() -> None:
    text = ears({})
    judge("hello", text=text).assess([Image(data=PART.data, role=Role.ASSISTANT, purpose="t2i", context="a poster")])
    (said,) = text.judged
    assert isinstance(said, Text)
    assert (said.role, said.purpose, said.context) == (Role.ASSISTANT, "t2i", "a poster")


def test_a_visual_classifier_counts_with_the_words_and_the_worst_holds() -> None:
    visual = FakeClassifier(default=scores(unsafe=0.7, categories={"violence": 0.7}), kinds=frozenset({"image"}))
    (found,) = judge("fine", visual=visual).assess([PART])
    assert assessed(found).unsafe == 0.7
    assert reasons(found) == []
    assert judge(visual=visual).covers == visual.covers


def test_a_failure_of_any_judge_is_told_and_the_others_count() -> None:
    visual = FakeClassifier(default=RuntimeError("gone"), kinds=frozenset({"image"}))
    (found,) = judge("rotten", rules={"rotten": 0.9}, visual=visual).assess([PART])
    assert assessed(found).unsafe == 0.9
    assert reasons(found) == ["inference_failed"]


def test_a_known_picture_counts_whatever_is_written_in_it() -> None:
    class Lists:
        digest = "list"

        def match(self, picture: Picture) -> Assessed | None:
            return scores(unsafe=1.0, severity=3, categories={"child_safety": 1.0})

    (found,) = judge("fine", known=Lists()).assess([PART])
    assert assessed(found).categories["child_safety"] == 1.0


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (Image(data=b"no picture"), "unsupported_format"),
        (Image(url="https://example.org/a.png"), "not_fetched"),
        (Image(url="data:image/png;base64,%%"), "not_decodable"),
        (Image(), "not_decodable"),
        (Text(text="hi"), "unsupported_kind"),
    ],
)
def test_what_cannot_be_opened_is_unjudged_with_its_reason(part: Image | Text, reason: str) -> None:
    (found,) = judge().assess([part])
    assert isinstance(found, Unjudged)
    assert found.reason == reason


def test_frames_and_text_that_were_left_out_are_told() -> None:
    frames = [smooth(size=(16, 16), seed=seed) for seed in range(6)]
    moving = file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    eyes = judge(look=reader("a word", more=True), bounds=Bounds(frames=2))
    assert set(reasons(eyes.assess([Image(data=moving)])[0])) == {
        "frames_left_out", "too_much_text", "no_visual_classifier",
    }  # fmt: skip


def test_letters_that_could_not_be_read_are_told_beside_what_was() -> None:
    (found,) = judge(look=reader("rotten words", unread=True), rules={"rotten": 0.9}).assess([PART])
    assert assessed(found).unsafe == 0.9
    assert reasons(found) == ["unreadable_text", "no_visual_classifier"]


def test_every_frame_of_a_moving_picture_is_read() -> None:
    shown: list[Pixels] = []

    def look(frame: Pixels) -> Seen:
        shown.append(frame)
        return Seen()

    frames = [smooth(size=(16, 16), seed=seed) for seed in range(3)]
    judge(look=look).assess([Image(data=file(frames[0], "GIF", save_all=True, append_images=frames[1:]))])
    assert len(shown) == 3


def test_the_digest_changes_with_whoever_judges() -> None:
    digests: Sequence[str] = [
        judge().digest,
        judge(text=FakeClassifier(digest="other")).digest,
        judge(visual=FakeClassifier()).digest,
        judge(bounds=Bounds(frames=1)).digest,
    ]
    assert len(set(digests)) == 4
