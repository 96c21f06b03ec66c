import numpy as np

from headgate.models.hashing.hash_index import HashIndex
from headgate.models.hashing.vpdq import FrameHash, overlap, telling

WORDS = np.random.default_rng(1).integers(0, 2**64, (20, 4), dtype=np.uint64)


def frames(rows: range, quality: int = 100) -> list[FrameHash]:
    return [FrameHash(words=WORDS[row], quality=quality, time=row / 2) for row in rows]


def test_a_video_matches_itself_and_a_clip_of_it_matches_the_whole() -> None:
    whole, clip = HashIndex(WORDS[:10]), HashIndex(WORDS[2:5])
    assert overlap(frames(range(10)), whole).query == 1.0
    assert overlap(frames(range(2, 5)), whole).matches
    found = overlap(frames(range(10)), clip)
    assert found.matches
    assert found.known == 1.0
    assert found.times == (1.0, 1.5, 2.0)


def test_another_video_does_not_match() -> None:
    assert not overlap(frames(range(10, 20)), HashIndex(WORDS[:10])).matches


def test_frames_that_say_nothing_are_left_out() -> None:
    assert telling(frames(range(3), quality=10)) == []
    assert len(telling([*frames(range(1)), *frames(range(1)), *frames(range(1, 2))])) == 2
    assert overlap([], HashIndex(WORDS[:10])).query == 0.0
