from pathlib import Path

import pytest

from headgate.models.errors import ConfigError
from headgate.models.fakes import FakeClassifier
from headgate.models.image import ImageJudge
from headgate.models.sight import sighted
from headgate.models.video import VideoJudge

EARS = FakeClassifier(kinds=frozenset({"text"}))
EYES = FakeClassifier(kinds=frozenset({"image"}))


def test_images_and_videos_are_looked_at_with_the_text_model() -> None:
    first, image, video = sighted((EARS,))
    assert first is EARS
    assert isinstance(image, ImageJudge)
    assert isinstance(video, VideoJudge)
    assert image.covers == frozenset()


def test_a_visual_classifier_is_asked_through_it() -> None:
    image, *rest = sighted((EARS, EYES))
    assert isinstance(image, ImageJudge)
    assert image.members == (EYES,)
    assert image.covers == EYES.covers
    assert rest[:2] == [EARS, EYES]


def test_a_program_s_own_classifiers_are_left_alone() -> None:
    assert sighted((EARS,), given=EARS) == (EARS,)
    assert sighted((EARS, EYES), given=[EARS, EYES]) == (EARS, EYES)


def test_lists_of_known_pictures_come_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("0f" * 32)
    given = {"models": [{"use": "text"}], "known": [{"file": str(path), "category": "child_safety"}]}
    assert sighted((EARS,), given=given)[1].digest != sighted((EARS,))[1].digest
    with pytest.raises(ConfigError, match="known"):
        sighted((EARS,), given={"models": [], "known": [{"file": str(path)}]})
