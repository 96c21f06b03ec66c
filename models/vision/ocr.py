"""The text in an image: boxes, the way they lie, their lines, and what was doubtful once more."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from .decode import Pixels
from .ocr_engine import Engine
from .orientation import UPRIGHT, Strips, way_of
from .read_lines import Read, Reading, read_all
from .text_boxes import Points, height_of, legible
from .text_search import search


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
    found = legible(search(image, engine))
    if not found.boxes:
        return Seen()
    strips = Strips(image, found.boxes, engine)
    way = way_of(strips)
    reading = read_all(strips, way)
    return Seen(lines=_placed(found.boxes, reading), way=way.name, more=found.more, unread=reading.unread)


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
    apart = 0.5 * float(np.median([height_of(boxes[one.place]) for one in kept]))
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
