import numpy as np
import pytest

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Image, Text, Video
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.hashing.entry import HashListEntry
from headgate.models.hashing.known import KnownPictures
from headgate.models.hashing.pdq import hashed, hex_of
from headgate.models.video import VideoJudge, joined
from headgate.models.vision.clip import Clip
from headgate.models.vision.decode import Pixels
from headgate.models.vision.ocr import Seen, Written

from .vision.clips import clip
from .vision.pictures import detailed, page

SIZE = (160, 96)
DARK, LIGHT = page([], size=SIZE).point(lambda v: 0), page([], size=SIZE)
BOX = np.zeros((4, 2), np.float32)


def by_light(dark: str, light: str) -> object:
    """A reader that sees one text in dark frames and another in light ones."""

    def look(frame: Pixels) -> Seen:
        text = light if frame.mean() > 128 else dark
        return Seen(lines=(Written(text=text, sure=1.0, box=BOX, row=0),) if text else ())

    return look


def judge(rules: dict[str, float], *, dark: str = "", light: str = "", **more: object) -> VideoJudge:
    ears = FakeClassifier(rules, kinds=frozenset({"text"}))
    return VideoJudge(look=by_light(dark, light), look_digest="eyes", text=ears, **more)  # type: ignore[arg-type]


def assessed(found: object) -> Assessed:
    assert isinstance(found, Assessed), found
    return found


def spans(found: object) -> list[tuple[float, float]]:
    return [(one.start, one.end) for one in assessed(found).stretches]


def test_harmful_words_are_found_with_the_times_at_which_they_stand() -> None:
    film = Video(data=clip([DARK] * 6 + [LIGHT] + [DARK] * 6))
    (found,) = judge({"rotten": 0.9}, light="rotten").assess([film])
    assert assessed(found).unsafe == 0.9
    assert spans(found) == [(6.0, 6.0)]
    assert [missed.reason for missed in assessed(found).missed] == ["no_visual_classifier"]


def test_a_word_split_over_frames_is_joined() -> None:
    (found,) = judge({"rotten": 0.9}, dark="rot", light="ten").assess([Video(data=clip([DARK, LIGHT]))])
    assert spans(found) == [(0.0, 1.0)]
    assert joined([["rot"], ["rot"], ["ten"]]) == ["rot ten", "rotten"]
    assert joined([["only this"], ["only this"]]) == []


def test_what_one_moment_says_is_not_put_down_to_the_whole_video() -> None:
    film = Video(data=clip([LIGHT] + [DARK] * 9 + [LIGHT] + [DARK] * 4))
    (found,) = judge({"rotten": 0.9}, dark="bread", light="rotten").assess([film])
    assert spans(found) == [(0.0, 0.0), (10.0, 10.0)]


def test_what_frames_show_is_judged_frame_by_frame_and_close_findings_are_one() -> None:
    visual = FakeClassifier(default=scores(unsafe=0.8, categories={"violence": 0.8}), kinds=frozenset({"image"}))
    (found,) = judge({}, visual=visual).assess([Video(data=clip([DARK, LIGHT, DARK]), context="a film")])
    assert spans(found) == [(0.0, 2.0)]
    assert assessed(found).missed == ()
    assert all(isinstance(part, Image) and part.context == "a film" for part in visual.judged)


def test_sound_is_reported_as_unjudged() -> None:
    (found,) = judge({}).assess([Video(data=clip([DARK], sound=True))])
    assert "no_audio_classifier" in [missed.reason for missed in assessed(found).missed]


@pytest.mark.parametrize("kind", ["picture", "video"])
def test_a_known_clip_is_found_by_its_frames(tmp_path: object, kind: str) -> None:
    film = clip([detailed(size=SIZE, seed=seed) for seed in (1, 2)])
    frames = [hex_of(hashed(moment.frame).words[0]) for moment in Clip(film).moments()]
    path = tmp_path / "list.txt"  # type: ignore[operator]
    path.write_text("\n".join(frames))
    known = KnownPictures.load([HashListEntry(file=str(path), category="child_safety", kind=kind)])  # type: ignore[arg-type]
    (found,) = judge({}, known=known).assess([Video(data=film)])
    assert assessed(found).categories["child_safety"] == 1.0
    assert spans(found) == [(0.0, 1.0)]
    (other,) = judge({}, known=known).assess([Video(data=clip([detailed(size=SIZE, seed=9)]))])
    assert assessed(other).unsafe == 0.0


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (Video(data=b"nothing"), "not_decodable"),
        (Video(url="https://example.org/a.mp4"), "not_fetched"),
        (Video(), "not_decodable"),
        (Text(text="hi"), "unsupported_kind"),
    ],
)
def test_what_cannot_be_watched_is_unjudged_with_its_reason(part: Video | Text, reason: str) -> None:
    (found,) = judge({}).assess([part])
    assert isinstance(found, Unjudged)
    assert found.reason == reason
