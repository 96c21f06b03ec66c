"""Where an image has any relief: on plain ground there is no text to look for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from .decode import Pixels
from .text_boxes import Points

Relief = npt.NDArray[np.bool_]
"""[rows, columns] of blocks of BLOCK pixels: whether there is more than plain ground."""

BLOCK: Final = 8
FLAT: Final = 6
"""Levels of brightness, 0..255, that differ within plain ground: letters that stand out by 9 are read, by 7 at no
scale."""
_LEAST: Final = 128
"""Pixels of a region's shorter side below which the detector's stride would distort it."""
_SPARSE: Final = 0.3
"""The share of blocks with relief below which an image is mostly plain; of 150 photographs one had as little."""
_GROUND: Final = 0.6
"""The share of one colour from which it is the ground of a page or a drawing; no photograph of 150 had as much."""
_NEAR: Final = 16
"""Levels within which colours count as one."""
_NOISE: Final = 24
"""Levels up to which compression makes fine relief around letters."""
_DENSE: Final = 0.22
"""The share of fine strokes in a window of small letters; joints and tips of large ones reach 0.19."""


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an image in pixels, its end excluded."""

    left: int
    top: int
    right: int
    bottom: int


def relief_of(image: Pixels) -> Relief:
    """The blocks in whose reach the brightness of a colour differs."""
    import cv2

    reach = np.ones((BLOCK + 1, BLOCK + 1), np.uint8)
    spread = cv2.subtract(cv2.dilate(image, reach), cv2.erode(image, reach))
    middle = BLOCK // 2
    # A block cut off by the edge is within reach of the last middle before it.
    rows = np.minimum(np.arange(middle, image.shape[0] + middle, BLOCK), image.shape[0] - 1)
    columns = np.minimum(np.arange(middle, image.shape[1] + middle, BLOCK), image.shape[1] - 1)
    return np.asarray((spread[rows][:, columns] > FLAT).any(axis=2))


def is_bare(image: Pixels, relief: Relief) -> bool:
    """Whether the image is mostly plain ground, as a page or a drawing is and hardly a photograph."""
    if float(relief.mean()) < _SPARSE:
        return True
    step = max(1, max(image.shape[:2]) // 200)
    colours = image[::step, ::step].reshape(-1, 3).astype(np.int32)
    bins = (colours >> 4) @ np.array([256, 16, 1])
    most = colours[bins == np.bincount(bins).argmax()].mean(axis=0)
    return float((np.abs(colours - most) <= _NEAR).all(axis=1).mean()) >= _GROUND


def has_fine(image: Pixels, boxes: Sequence[Points], *, width: float) -> bool:
    """Whether there are strokes narrower than so many pixels as close together as small letters have them.

    Boxes are where noise is measured; a width that no odd number of pixels above 1 is near to finds nothing.
    """
    import cv2

    size = round(width) | 1
    if size < 3:
        return False
    reach = np.ones((size, size), np.uint8)
    dark = cv2.morphologyEx(image, cv2.MORPH_BLACKHAT, reach)
    fine = cv2.max(dark, cv2.morphologyEx(image, cv2.MORPH_TOPHAT, reach)).max(axis=2)
    inside = np.zeros(fine.shape, np.uint8)
    for box in boxes:
        cv2.fillPoly(inside, [box.astype(np.int32)], 1)
    quiet = not len(within := fine[inside > 0]) or np.quantile(within, 0.75) == 0
    strokes = (fine > (FLAT if quiet else _NOISE)).astype(np.float32)
    long, short = 8 * size, 4 * size
    return any(float(cv2.boxFilter(strokes, -1, window).max()) >= _DENSE for window in ((long, short), (short, long)))


def outside(relief: Relief, boxes: Sequence[Points]) -> Relief:
    """The relief that lies outside of the boxes, each widened by a block."""
    return relief & ~covered(relief, boxes)


def covered(relief: Relief, boxes: Sequence[Points]) -> Relief:
    """The blocks of such an image that lie in the boxes, each widened by a block."""
    import cv2

    inside = np.zeros(relief.shape, np.uint8)
    for box in boxes:
        cv2.fillPoly(inside, [np.floor(box / BLOCK).astype(np.int32)], 1)
    return np.asarray(cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0)


def extent(relief: Relief, image: Pixels) -> Region:
    """The part of the image around all relief, with two blocks of plain ground on each side, where there are."""
    rows, columns = np.flatnonzero(relief.any(axis=1)), np.flatnonzero(relief.any(axis=0))
    height, width = image.shape[:2]
    if not len(rows):
        return Region(left=0, top=0, right=width, bottom=height)
    left, right = _span(int(columns[0]), int(columns[-1]), width)
    top, bottom = _span(int(rows[0]), int(rows[-1]), height)
    return Region(left=left, top=top, right=right, bottom=bottom)


def _span(first: int, last: int, size: int) -> tuple[int, int]:
    """From the first block to the last and two more on each side, in pixels; at least `_LEAST` where there are."""
    start, end = (first - 2) * BLOCK, (last + 3) * BLOCK
    more = max(0, _LEAST - (end - start)) // 2
    start, end = max(0, start - more), min(size, end + more)
    return max(0, min(start, end - _LEAST)), min(size, max(end, start + _LEAST))
