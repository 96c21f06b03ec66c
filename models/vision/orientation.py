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
"""Mean confidence of upright lines at which no other way is tried, if their words are words."""
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


def way_of(image: Pixels, boxes: Sequence[Points], engine: Engine) -> Way:
    """The way in which the longest lines make the most sense; the first of the four where none makes any."""
    ways = ways_of(boxes)
    samples = sorted(boxes, key=area, reverse=True)[:_SAMPLES]
    best, most = ways[0], -1.0
    for way in ways:
        lines = read([strip_of(image, box, way)[:, :_SAMPLE] for box in samples], engine)
        found = sense(lines)
        if found > most:
            best, most = way, found
        if most >= _CERTAIN + _WORDS / 2:
            break
    return best


def sense(lines: Sequence[Line]) -> float:
    """How much a reading looks like one: mean confidence by length, and common words."""
    letters = sum(len(line.text) for line in lines)
    if not letters:
        return 0.0
    sure = sum(line.sure * len(line.text) for line in lines) / letters
    words = sum(len(line.text.split()) for line in lines)
    common = sum(hits(line.text) for line in lines)
    return sure + _WORDS * min(1.0, 2 * common / max(1, words))


def area(box: Points) -> float:
    """The box's area in square pixels."""
    return float(np.linalg.norm(box[1] - box[0]) * np.linalg.norm(box[3] - box[0]))
