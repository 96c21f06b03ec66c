"""The text in an image: a glimpse first, then boxes, the way they lie, their lines, and what was doubtful once more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .decode import Pixels
from .ocr_engine import Engine
from .orientation import LEVEL, QUARTER, UPRIGHT, Strips, Way, area, is_tall, sense, strip_of, way_of
from .text_boxes import GLIMPSE, Found, Points, find
from .text_lines import Line, read

AREA: Final = 920_000
"""Pixels at which text is looked for in a larger image."""
SMALL: Final = 640
"""The longer side to which a smaller image is scaled up."""
LEGIBLE: Final = 0.5
"""Confidence below which a line is not taken for text."""

_SAMPLES: Final = 2
_SAMPLE: Final = 192
"""Pixels of width of a sample at the recogniser's height."""
_LETTERS: Final = 0.3
"""Confidence of letters that are there at all, even when read upside down."""
_DOUBTFUL: Final = 0.75
_BETTER: Final = 0.1
_RETRIES: Final = 12
_TINY: Final = 11.0
"""Pixels of a line's height in the detector's eyes under which the image is looked at again, twice as large."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A line of text in an image: its corners in pixels, its row from the top as read, and how sure it is."""

    text: str
    sure: float
    box: Points
    row: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is written in an image, in reading order, and how it lies; `more`: there was more than is read at once."""

    lines: tuple[Written, ...] = ()
    way: str = UPRIGHT.name
    more: bool = False

    @property
    def rows(self) -> list[str]:
        """The text row by row."""
        rows: dict[int, list[str]] = {}
        for line in self.lines:
            rows.setdefault(line.row, []).append(line.text)
        return [" ".join(row) for row in rows.values()]


def look(image: Pixels, engine: Engine) -> Seen:
    """All that can be read in the image. Raises InferenceFailed where the runtime does."""
    if min(image.shape[:2]) < 4 or not _promises(image, find(image, engine, side=GLIMPSE).boxes, engine):
        return Seen()
    found = _boxes(image, engine)
    if not found.boxes:
        return Seen()
    strips = Strips(image, found.boxes, engine)
    way = way_of(strips)
    lines = _lines(strips, way)
    kept = [(box, line) for box, line in zip(found.boxes, lines, strict=True) if line.text.strip()]
    kept = [(box, line) for box, line in kept if line.sure >= LEGIBLE]
    return Seen(lines=_placed(kept, way), way=way.name, more=found.more)


def _promises(image: Pixels, boxes: Sequence[Points], engine: Engine) -> bool:
    """Whether the largest boxes of a glimpse hold letters, straight or mirrored: textures fool the detector."""
    samples = sorted(boxes, key=area, reverse=True)[:_SAMPLES]
    for level, turned in ((UPRIGHT, QUARTER[0]), (LEVEL[2], QUARTER[2])):
        for box in samples:
            strip = strip_of(image, box, turned if is_tall(box) else level)[:, :_SAMPLE]
            line = read([strip], engine)[0]
            if len(line.text.strip()) >= 2 and line.sure >= _LETTERS:
                return True
    return False


def _boxes(image: Pixels, engine: Engine) -> Found:
    height, width = image.shape[:2]
    longer = max(height, width)
    side = max(SMALL, longer * min(1.0, math.sqrt(AREA / (height * width))))
    found = find(image, engine, side=round(side))
    heights = [_height(box) * side / longer for box in found.boxes]
    if heights and float(np.median(heights)) < _TINY and longer <= 2 * side:
        again = find(image, engine, side=round(min(2 * side, 2 * SMALL * 2)))
        return again if len(again.boxes) >= len(found.boxes) else found
    return found


def _height(box: Points) -> float:
    return float(min(np.linalg.norm(box[3] - box[0]), np.linalg.norm(box[1] - box[0])))


def _lines(strips: Strips, way: Way) -> list[Line]:
    boxes = strips.boxes
    lines = strips.read(range(len(boxes)), way)
    odd = [at for at, line in enumerate(lines) if line.sure < _DOUBTFUL and len(line.text) > 2]
    odd += [at for at, box in enumerate(boxes) if is_tall(box) and way in LEVEL and len(lines[at].text) > 2]
    for at in list(dict.fromkeys(odd))[:_RETRIES]:
        for other in QUARTER[:2] if is_tall(boxes[at]) else LEVEL:
            (line,) = strips.read([at], other)
            if sense([line]) > sense([lines[at]]) + _BETTER:
                lines[at] = line
    return lines


def _placed(kept: Sequence[tuple[Points, Line]], way: Way) -> tuple[Written, ...]:
    """The lines row by row as they are read this way; boxes whose middles are less than half a line apart share one."""
    if not kept:
        return ()
    spots = [(float(box.mean(axis=0) @ way.down), float(box.mean(axis=0) @ way.along)) for box, _ in kept]
    apart = 0.5 * float(np.median([_height(box) for box, _ in kept]))
    order = sorted(range(len(kept)), key=lambda at: spots[at][0])
    rows: list[list[int]] = []
    for at in order:
        if rows and spots[at][0] - spots[rows[-1][-1]][0] < apart:
            rows[-1].append(at)
        else:
            rows.append([at])
    return tuple(
        Written(text=kept[at][1].text, sure=round(kept[at][1].sure, 4), box=kept[at][0], row=number)
        for number, row in enumerate(rows)
        for at in sorted(row, key=lambda at: spots[at][1])
    )
