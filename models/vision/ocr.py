"""The text in an image: a glimpse first, then boxes, the way they lie, their lines, and what was doubtful once more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .decode import Pixels
from .ocr_engine import Engine
from .orientation import LEVEL, QUARTER, UPRIGHT, Strips, area, is_tall, strip_of, way_of
from .read_lines import Read, Reading, read_all
from .relief import Region, extent, relief_of, share_outside
from .text_boxes import GLIMPSE, Found, Points, find
from .text_lines import read

CLEAR: Final = 16.0
"""Pixels of a box's height in a glimpse from which it stands where it seems to; letters take two thirds of it."""
ENOUGH: Final = 20.0
"""Pixels of a box's height at which looking closer finds no more."""
AREA: Final = 920_000
"""Pixels at which text is looked for in a larger image."""
SMALL: Final = 640
"""The longer side to which a smaller image is scaled up."""
_SAMPLES: Final = 2
_SAMPLE: Final = 192
"""Pixels of width of a sample at the recogniser's height."""
_LETTERS: Final = 0.3
"""Confidence of letters that are there at all, even when read upside down."""
_ELSEWHERE: Final = 0.35
"""Share of an image's relief outside of a glimpse's boxes up to which the text is thought to stand in them."""
_PAGE: Final = 8
"""Boxes of a glimpse that tell how large the letters of a page are."""
_CLOSE: Final = 0.4
"""The least scale of a closer look: letters of 15 pixels that the glimpse has missed are found at it."""
_SMALLEST: Final = 0.1
"""The share of boxes that may be smaller than the one that says how closely to look."""
_NARROW: Final = 128
"""Pixels of a part's shorter side below which the detector's stride would distort it."""
_TINY: Final = 11.0
"""Pixels of a line's height in the detector's eyes under which the image is looked at again, twice as large."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A line of text in an image: its corners in pixels, its row from the top as read, and how sure it is."""

    text: str
    sure: float
    box: Points
    row: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is written in an image, in reading order, and how most of it lies.

    `more`: there was more than is read at once; `unread`: some of it could not be made out in any way that was tried.
    """

    lines: tuple[Written, ...] = ()
    way: str = UPRIGHT.name
    more: bool = False
    unread: bool = False

    @property
    def rows(self) -> list[str]:
        """The text row by row."""
        rows: dict[int, list[str]] = {}
        for line in self.lines:
            rows.setdefault(line.row, []).append(line.text)
        return [" ".join(row) for row in rows.values()]


def look(image: Pixels, engine: Engine) -> Seen:
    """All that can be read in the image. Raises InferenceFailed where the runtime does."""
    if min(image.shape[:2]) < 4:
        return Seen()
    glimpse = find(image, engine, side=GLIMPSE)
    if not _promises(image, glimpse.boxes, engine):
        return Seen()
    found = _boxes(image, engine, glimpse)
    if not found.boxes:
        return Seen()
    strips = Strips(image, found.boxes, engine)
    way = way_of(strips)
    reading = read_all(strips, way)
    return Seen(lines=_placed(found.boxes, reading), way=way.name, more=found.more, unread=reading.unread)


def _promises(image: Pixels, boxes: Sequence[Points], engine: Engine) -> bool:
    """Whether boxes of a glimpse hold letters, straight or mirrored: textures fool the detector.

    The largest ones are asked, and one of middle size: large ones may be logos and rules.
    """
    ordered = sorted(boxes, key=area, reverse=True)
    samples = [*ordered[:_SAMPLES], *ordered[max(_SAMPLES, len(boxes) // 2) :][:1]]
    for level, turned in ((UPRIGHT, QUARTER[0]), (LEVEL[2], QUARTER[2])):
        for box in samples:
            strip = strip_of(image, box, turned if is_tall(box) else level)[:, :_SAMPLE]
            line = read([strip], engine)[0]
            if len(line.text.strip()) >= 2 and line.sure >= _LETTERS:
                return True
    return False


def _boxes(image: Pixels, engine: Engine, glimpse: Found) -> Found:
    """The glimpse itself where it shows large letters and nothing else, or what a closer look at the rest shows."""
    longer = max(image.shape[:2])
    relief = relief_of(image)
    outside = share_outside(relief, glimpse.boxes)
    heights = [_height(box) * GLIMPSE / longer for box in glimpse.boxes]
    if not outside and heights and min(heights) >= CLEAR:
        return glimpse
    side = _side(image)
    if outside <= _ELSEWHERE and len(heights) >= _PAGE:
        clear = GLIMPSE * ENOUGH / float(np.quantile(heights, _SMALLEST))
        side = min(side, max(float(GLIMPSE), clear, _CLOSE * longer))
    region = extent(relief, image)
    found = _within(image, region, engine, scale=side / longer)
    heights = [_height(box) * side / longer for box in found.boxes]
    if heights and float(np.median(heights)) < _TINY and longer <= 2 * side:
        again = _within(image, region, engine, scale=min(2 * side, 4 * SMALL) / longer)
        return again if len(again.boxes) >= len(found.boxes) else found
    return found


def _side(image: Pixels) -> float:
    """The longer side at which an image is looked at whatever is in it."""
    height, width = image.shape[:2]
    longer = float(max(height, width))
    return max(float(SMALL), longer * min(1.0, math.sqrt(AREA / (height * width))))


def _within(image: Pixels, region: Region, engine: Engine, *, scale: float) -> Found:
    """Boxes of text in a part of the image, or in all of it where the part is narrow, in pixels of the whole."""
    part = image[region.top : region.bottom, region.left : region.right]
    if min(part.shape[:2]) < _NARROW:
        return find(image, engine, side=round(max(image.shape[:2]) * scale))
    found = find(part, engine, side=round(max(part.shape[:2]) * scale))
    corner = np.array([region.left, region.top], dtype=np.float32)
    return Found(boxes=tuple(box + corner for box in found.boxes), more=found.more)


def _height(box: Points) -> float:
    return float(min(np.linalg.norm(box[3] - box[0]), np.linalg.norm(box[1] - box[0])))


def _placed(boxes: Sequence[Points], reading: Reading) -> tuple[Written, ...]:
    """What lies as most does first, then what lies otherwise: a text turned among others has an order of its own."""
    placed: list[Written] = []
    for way in dict.fromkeys(one.way for one in reading.lines):
        kept = [one for one in reading.lines if one.way == way]
        placed += _rows(boxes, kept, first=placed[-1].row + 1 if placed else 0)
    return tuple(placed)


def _rows(boxes: Sequence[Points], kept: Sequence[Read], *, first: int) -> list[Written]:
    """Lines of one way row by row; boxes whose middles are less than half a line apart share one."""
    way = kept[0].way
    middles = [boxes[one.place].mean(axis=0) for one in kept]
    spots = [(float(middle @ way.down), float(middle @ way.along)) for middle in middles]
    apart = 0.5 * float(np.median([_height(boxes[one.place]) for one in kept]))
    order = sorted(range(len(kept)), key=lambda at: spots[at][0])
    rows: list[list[int]] = []
    for at in order:
        if rows and spots[at][0] - spots[rows[-1][-1]][0] < apart:
            rows[-1].append(at)
        else:
            rows.append([at])
    return [
        Written(
            text=kept[at].line.text, sure=round(kept[at].line.sure, 4), box=boxes[kept[at].place], row=first + number
        )
        for number, row in enumerate(rows)
        for at in sorted(row, key=lambda at: spots[at][1])
    ]
