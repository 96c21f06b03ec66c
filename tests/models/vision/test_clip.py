import pytest

from headgate.models.vision.clip import Clip, ClipBounds

from .clips import clip
from .pictures import page, smooth

DARK, LIGHT = page([], size=(160, 96)).point(lambda v: 0), page([], size=(160, 96))


def watched(data: bytes, **more: float) -> tuple[Clip, list[float]]:
    found = Clip(data, bounds=ClipBounds(**more))  # type: ignore[arg-type]
    return found, [moment.time for moment in found.moments()]


def test_a_scene_is_seen_when_it_changes_and_every_so_often() -> None:
    found, times = watched(clip([DARK, LIGHT, DARK], each=4))
    assert times == [0.0, 1.0, 2.0]
    _, times = watched(clip([DARK], each=24))
    assert times == [0.0, 2.0, 4.0]
    assert (found.fault, found.left_out, found.audio) == (None, False, False)
    assert found.duration == pytest.approx(3.0, abs=0.3)


def test_sound_is_told() -> None:
    assert watched(clip([DARK], sound=True))[0].audio


def test_of_a_long_video_the_rest_is_sampled_and_told() -> None:
    data = clip([smooth(size=(64, 48), seed=seed) for seed in range(40)], each=4)
    found, times = watched(data, seconds=4.0, later=4)
    assert found.left_out
    assert times[-1] > 20
    assert times == sorted(times)
    found, times = watched(data, moments=3, later=0)
    assert len(times) == 3
    assert found.left_out


def test_frames_are_scaled_down_to_the_bound() -> None:
    (moment, *_) = Clip(clip([smooth(size=(640, 480))]), bounds=ClipBounds(side=160)).moments()
    assert moment.frame.shape == (120, 160, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_decodable"),
        (b"no video at all", "not_decodable"),
        (clip([DARK])[:600], "not_decodable"),
    ],
)
def test_a_broken_file_ends_with_a_reason(data: bytes, reason: str) -> None:
    found, times = watched(data)
    assert times == []
    assert found.fault is not None
    assert found.fault.reason == reason


def test_a_file_without_pictures_and_one_too_large_end_with_a_reason() -> None:
    data = clip([DARK])
    for more in ({"bytes": 10}, {"pixels": 100}, {"streams": 0}):
        found, _ = watched(data, **more)
        assert found.fault is not None
        assert found.fault.reason == "too_large"


def test_a_file_that_breaks_off_is_watched_until_there() -> None:
    data = clip([smooth(size=(160, 96), seed=seed) for seed in range(8)], kind="matroska")
    _, times = watched(data[: len(data) * 2 // 3])
    assert times
