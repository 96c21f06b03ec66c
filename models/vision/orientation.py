"""The eight ways in which a text may lie in an image, and which one it is: turned, mirrored or both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ..words import hits
from .decode import Pixels
from .ocr_engine import Engine
from .text_boxes import Points
from .text_lines import Line, cut, read

_SQUARE: Final = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)


class Way(msgspec.Struct, frozen=True):
    """An orientation by the order in which it meets the corners of a box that stands upright in the image."""

    name: str
    corners: tuple[int, int, int, int]

    @property
    def along(self) -> npt.NDArray[np.float32]:
        """The direction in which a line runs, in the image's x and y."""
        return np.asarray(_SQUARE[self.corners[1]] - _SQUARE[self.corners[0]])

    @property
    def down(self) -> npt.NDArray[np.float32]:
        """The direction from a line to the next."""
        return np.asarray(_SQUARE[self.corners[3]] - _SQUARE[self.corners[0]])


UPRIGHT: Final = Way("upright", (0, 1, 2, 3))
LEVEL: Final = (UPRIGHT, Way("half_turn", (2, 3, 0, 1)), Way("mirrored", (1, 0, 3, 2)), Way("flipped", (3, 2, 1, 0)))
QUARTER: Final = (
    Way("turned_right", (1, 2, 3, 0)),
    Way("turned_left", (3, 0, 1, 2)),
    Way("turned_right_mirrored", (0, 3, 2, 1)),
    Way("turned_left_mirrored", (2, 1, 0, 3)),
)

_TALL: Final = 1.5
_SAMPLES: Final = 2
_SAMPLE: Final = 320
"""Pixels of width of a sample at the recogniser's height."""
_CERTAIN: Final = 0.93
"""Mean confidence of a sample at which no other way is tried: turned or mirrored letters are read with less."""
_LETTERS: Final = 5
"""Letters by which a way can be told."""
_ALIKE: Final = frozenset("ABCDEHIKMNOSTUVWXYZbcdilmnopqsuvwxz0138")
"""Characters that are some character when turned or mirrored, too: they tell no way."""
_WORDS: Final = 0.4
"""What a reading gains where every second word is a common one."""


def is_tall(box: Points) -> bool:
    """Whether the box is a column rather than a line."""
    wide, high = np.linalg.norm(box[1] - box[0]), np.linalg.norm(box[3] - box[0])
    return bool(high > _TALL * wide)


def strip_of(image: Pixels, box: Points, way: Way) -> Pixels:
    """The box cut out as it is read this way."""
    return cut(image, box[list(way.corners)])


def ways_of(boxes: Sequence[Points]) -> tuple[Way, ...]:
    """The ways in which most of these boxes may be read."""
    tall = sum(area(box) for box in boxes if is_tall(box))
    return QUARTER if 2 * tall > sum(map(area, boxes)) else LEVEL


class Strips:
    """The boxes of an image as lines of text, each read once a way however often it is asked for."""

    def __init__(self, image: Pixels, boxes: Sequence[Points], engine: Engine) -> None:
        self.boxes = boxes
        self._image = image
        self._engine = engine
        self._known: dict[tuple[int, str], Line] = {}

    def read(self, places: Sequence[int], way: Way) -> list[Line]:
        """What the boxes at these places say, read this way."""
        new = [at for at in places if (at, way.name) not in self._known]
        strips = [strip_of(self._image, self.boxes[at], way) for at in new]
        self._known.update(zip([(at, way.name) for at in new], read(strips, self._engine), strict=True))
        return [self._known[at, way.name] for at in places]

    def sample(self, place: int, way: Way) -> Line:
        """What the beginning of one box says, read this way."""
        strip = strip_of(self._image, self.boxes[place], way)
        return read([strip[:, :_SAMPLE]], self._engine)[0]


def way_of(strips: Strips) -> Way:
    """The way in which the largest lines make the most sense; the first of the four where none makes any."""
    ways = ways_of(strips.boxes)
    places = sorted(range(len(strips.boxes)), key=lambda at: area(strips.boxes[at]), reverse=True)[:_SAMPLES]
    # Most texts lie upright: what is read first is read whole, and not a second time.
    said: dict[str, list[Line]] = {way.name: strips.read(places, way) if way == ways[0] else [] for way in ways}
    if certain(said[ways[0].name]):
        return ways[0]
    for place in places:
        for way in ways[1:]:
            said[way.name].append(strips.sample(place, way))
            if certain(said[way.name]):
                return way
    return max(ways, key=lambda way: sense(said[way.name]))


def certain(lines: Sequence[Line]) -> bool:
    """Whether lines read like this lie like this: the wrong way round, letters are seldom read with confidence."""
    telling = sum(character.isalpha() and character not in _ALIKE for line in lines for character in line.text)
    return telling >= _LETTERS and confidence(lines) >= _CERTAIN


def sense(lines: Sequence[Line]) -> float:
    """How much a reading looks like one: mean confidence by length, and common words."""
    words = sum(len(line.text.split()) for line in lines)
    common = sum(hits(line.text) for line in lines)
    return confidence(lines) + (_WORDS * min(1.0, 2 * common / words) if words else 0.0)


def confidence(lines: Sequence[Line]) -> float:
    """The mean confidence of letters, 0..1; 0 where there are none."""
    letters = sum(len(line.text) for line in lines)
    return sum(line.sure * len(line.text) for line in lines) / letters if letters else 0.0


def area(box: Points) -> float:
    """The box's area in square pixels."""
    return float(np.linalg.norm(box[1] - box[0]) * np.linalg.norm(box[3] - box[0]))
