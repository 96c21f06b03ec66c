"""Where text stands in an image: boxes around the bright areas of the detector's map (DB, arXiv 1911.08947)."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from .decode import Pixels
from .ocr_engine import Engine, Values

Points = npt.NDArray[np.float32]
"""[4, 2], x and y of the corners in pixels: the first is the upper left one as the text is read."""

STRIDE: Final = 32
GLIMPSE: Final = 416
"""The longer side at which an image is first looked at: it costs little, and a picture without text ends there."""
_BRIGHT: Final = 0.3
_SURE: Final = 0.5
_GROW: Final = 1.6
_LEAST: Final = 3
_FILLED: Final = 0.4
"""Share of its rectangle that a line's outline fills; the outlines of mere textures are ragged."""
_MOST: Final = 400
"""Boxes of one image; where there are more, the largest are read and the rest is reported."""

_ROOM: Final = 1_700
"""How long all lines of one image may be together, in heights of a line: about 4,000 letters, and seconds to read."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The boxes, each [4, 2] in pixels of the image, and whether there were more of them."""

    boxes: tuple[Points, ...] = ()
    more: bool = False


def find(image: Pixels, engine: Engine, *, side: int) -> Found:
    """Boxes of text, looked for at a longer side of `side` pixels."""
    import cv2

    height, width = image.shape[:2]
    seen = engine.detect(_prepared(image, side / max(height, width)))
    mask = cv2.dilate((seen > _BRIGHT).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    outlines = sorted(outlines, key=cv2.contourArea, reverse=True)
    ratio = np.array([width / seen.shape[1], height / seen.shape[0]], dtype=np.float32)
    boxes = [box * ratio for outline in outlines[:_MOST] if (box := _box(outline, seen)) is not None]
    return Found(boxes=tuple(boxes), more=len(outlines) > _MOST)


def legible(found: Found) -> Found:
    """As many of the boxes as are read of one image, those of the largest letters first."""
    room, kept = float(_ROOM), set[int]()
    for at in sorted(range(len(found.boxes)), key=lambda at: -height_of(found.boxes[at])):
        room -= _length_of(found.boxes[at]) / max(height_of(found.boxes[at]), 1.0)
        if room < 0:
            return Found(boxes=tuple(found.boxes[at] for at in sorted(kept)), more=True)
        kept.add(at)
    return found


def _prepared(image: Pixels, scale: float) -> Values:
    import cv2

    height, width = (max(STRIDE, round(size * scale / STRIDE) * STRIDE) for size in image.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(image, (width, height), interpolation=way)
    # The graphs were trained on blue, green, red.
    values = small[:, :, ::-1].astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[np.newaxis])


def _box(outline: Any, seen: Values) -> Points | None:
    import cv2

    centre, (long, short), angle = cv2.minAreaRect(outline)
    if min(long, short) < _LEAST or cv2.contourArea(outline) < _FILLED * (long - 1) * (short - 1):
        return None
    if _brightness(outline, seen) < _SURE:
        return None
    grown = long * short * _GROW / (2 * (long + short))
    return ordered(cv2.boxPoints((centre, (long + 2 * grown, short + 2 * grown), angle)))


def _brightness(outline: Any, seen: Values) -> float:
    import cv2

    x, y, width, height = cv2.boundingRect(outline)
    area = np.zeros((height, width), np.uint8)
    cv2.fillPoly(area, [outline - np.array([[x, y]])], 1)
    return float(seen[y : y + height, x : x + width][area > 0].mean())


def ordered(points: npt.NDArray[Any]) -> Points:
    """The corners clockwise from the upper left one."""
    corners = np.asarray(points, dtype=np.float32)
    left, right = corners[corners[:, 0].argsort()][:2], corners[corners[:, 0].argsort()][2:]
    left, right = left[left[:, 1].argsort()], right[right[:, 1].argsort()]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)


def height_of(box: Points) -> float:
    """The shorter side in pixels."""
    return float(min(np.linalg.norm(box[3] - box[0]), np.linalg.norm(box[1] - box[0])))


def _length_of(box: Points) -> float:
    return float(max(np.linalg.norm(box[3] - box[0]), np.linalg.norm(box[1] - box[0])))
