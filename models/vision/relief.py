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
FLAT: Final = 16
"""Levels of brightness, 0..255, that differ within plain ground: letters that stand out by less are detected at no
scale."""


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


def share_outside(relief: Relief, boxes: Sequence[Points]) -> float:
    """The share of all relief, 0..1, that lies outside of the boxes, each widened by a block."""
    import cv2

    inside = np.zeros(relief.shape, np.uint8)
    for box in boxes:
        cv2.fillPoly(inside, [np.floor(box / BLOCK).astype(np.int32)], 1)
    outside = relief & (cv2.dilate(inside, np.ones((3, 3), np.uint8)) == 0)
    return float(outside.sum() / max(1, int(relief.sum())))


def extent(relief: Relief, image: Pixels) -> Region:
    """The part of the image around all relief, with plain ground of two blocks on each side where there is some."""
    rows, columns = np.flatnonzero(relief.any(axis=1)), np.flatnonzero(relief.any(axis=0))
    height, width = image.shape[:2]
    if not len(rows):
        return Region(left=0, top=0, right=width, bottom=height)
    return Region(
        left=max(0, (int(columns[0]) - 2) * BLOCK),
        top=max(0, (int(rows[0]) - 2) * BLOCK),
        right=min(width, (int(columns[-1]) + 3) * BLOCK),
        bottom=min(height, (int(rows[-1]) + 3) * BLOCK),
    )
