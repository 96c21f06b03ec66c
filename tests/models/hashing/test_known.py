from pathlib import Path

import numpy as np

from headgate.models.hashing.entry import HashListEntry
from headgate.models.hashing.known import KnownPictures
from headgate.models.hashing.pdq import hashed, hex_of
from headgate.models.vision.decode import Picture

from ..vision.pictures import detailed, pixels


def lists(tmp_path: Path, category: str, seed: int) -> HashListEntry:
    path = tmp_path / f"{category}.txt"
    path.write_text(hex_of(hashed(pixels(detailed(size=(256, 256), seed=seed))).words[0]))
    return HashListEntry(file=str(path), category=category, severity="severe" if seed else "minor")


def picture(seed: int) -> Picture:
    return Picture(frames=(pixels(detailed(size=(200, 200), seed=seed)),), width=200, height=200)


def test_a_known_picture_is_found_by_its_list_and_counts_as_that(tmp_path: Path) -> None:
    known = KnownPictures.load([lists(tmp_path, "insult", 0), lists(tmp_path, "child_safety", 7)])
    found = known.match(picture(7))
    assert found is not None
    assert found.categories["child_safety"] == 1.0
    assert found.categories["insult"] is None
    assert found.severity == (0.0, 0.0, 0.0, 1.0)
    assert known.match(picture(8)) is None


def test_a_picture_without_structure_is_on_no_list(tmp_path: Path) -> None:
    known = KnownPictures.load([lists(tmp_path, "insult", 0)])
    assert known.matches(np.full((100, 100, 3), 128, np.uint8)) == []


def test_the_digest_changes_with_the_lists(tmp_path: Path) -> None:
    one, other = lists(tmp_path, "insult", 0), lists(tmp_path, "child_safety", 7)
    assert KnownPictures.load([one]).digest != KnownPictures.load([other]).digest
