"""How closely an image is looked at for text: a glimpse first, then whatever that leaves open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from .decode import Pixels
from .ocr_engine import Engine
from .orientation import LEVEL, QUARTER, UPRIGHT, area, is_tall, strip_of
from .relief import Region, Relief, covered, extent, has_fine, is_bare, outside, relief_of
from .text_boxes import GLIMPSE, Found, Points, find, height_of
from .text_lines import read

AREA: Final = 920_000
"""Pixels at which text is looked for where there are more."""
SMALL: Final = 640
"""The longer side to which a smaller image is scaled up."""
_LEAST: Final = 0.4
"""The least scale of a glimpse of up to SMALL pixels: letters of 20 pixels are found at it."""
_CLEAR: Final = 16.0
"""Pixels of a box's height in a glimpse from which it stands where it seems to; letters take two thirds of it."""
_THIN: Final = 1.4
"""Pixels of a stroke in a glimpse below which its letters may be missed."""
_HUGE: Final = 100.0
"""Pixels of a box's height in a glimpse from which a closer look may not see the letters."""
_TINY: Final = 11.0
"""Pixels of a line's height in the detector's eyes under which the image is looked at again, twice as large."""
_CLOSER: Final = 1.5
"""How many times closer a second look at what is left must be to be worth it."""
_SAMPLES: Final = 2
_SAMPLE: Final = 192
"""Pixels of width of a sample at the recogniser's height."""
_LETTERS: Final = 0.3
"""Confidence of letters that are there at all, even when read upside down."""


def search(image: Pixels, engine: Engine) -> Found:
    """The boxes of text in an image of 4 pixels and more a side; none where a photograph's glimpse shows no letters."""
    relief = relief_of(image)
    if not relief.any():
        return Found()
    longer = max(image.shape[:2])
    side = round(max(float(GLIMPSE), min(float(SMALL), _LEAST * longer)))
    glimpse = find(image, engine, side=side)
    promised = _promises(image, glimpse.boxes, engine)
    if promised and _suffices(image, relief, glimpse, scale=side / longer):
        return glimpse
    if not promised and not is_bare(image, relief):
        return Found()
    found = _closely(image, relief, engine)
    if promised:
        huge = [box for box in glimpse.boxes if height_of(box) * side / longer >= _HUGE or not found.boxes]
        return Found(boxes=(*found.boxes, *_new(huge, found.boxes, relief)), more=found.more)
    return found if _promises(image, found.boxes, engine) else Found()


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


def _suffices(image: Pixels, relief: Relief, glimpse: Found, *, scale: float) -> bool:
    """Whether a glimpse shows large letters and nothing else, neither beside them nor among them."""
    if min(height_of(box) * scale for box in glimpse.boxes) < _CLEAR or outside(relief, glimpse.boxes).any():
        return False
    return not has_fine(image, glimpse.boxes, width=_THIN / scale)


def _closely(image: Pixels, relief: Relief, engine: Engine) -> Found:
    """Boxes in all that is not plain ground, and in what is left of a large image where that lies close together."""
    region = extent(relief, image)
    scale = _scale(image, region)
    found = _within(image, region, engine, scale=scale)
    twice = min(2 * scale, 4 * SMALL / max(region.right - region.left, region.bottom - region.top))
    if found.boxes and float(np.median([height_of(box) for box in found.boxes])) * scale < _TINY and twice > scale:
        again = _within(image, region, engine, scale=twice)
        return again if len(again.boxes) >= len(found.boxes) else found
    left = outside(relief, found.boxes)
    if not left.any() or (closer := _scale(image, rest := extent(left, image))) < _CLOSER * scale:
        return found
    more = _within(image, rest, engine, scale=closer)
    return Found(boxes=(*found.boxes, *_new(more.boxes, found.boxes, relief)), more=found.more or more.more)


def _scale(image: Pixels, region: Region) -> float:
    """The scale at which a part of the image is looked at whatever is in it."""
    size = (region.right - region.left) * (region.bottom - region.top)
    return float(max(SMALL / max(image.shape[:2]), min(1.0, math.sqrt(AREA / size))))


def _within(image: Pixels, region: Region, engine: Engine, *, scale: float) -> Found:
    """Boxes of text in a part of the image, in pixels of the whole."""
    part = image[region.top : region.bottom, region.left : region.right]
    found = find(part, engine, side=round(max(part.shape[:2]) * scale))
    corner = np.array([region.left, region.top], dtype=np.float32)
    return Found(boxes=tuple(box + corner for box in found.boxes), more=found.more)


def _new(boxes: Sequence[Points], known: Sequence[Points], relief: Relief) -> list[Points]:
    """Those of the boxes that for the most part do not lie in known ones."""
    spots = [(box, covered(relief, [box])) for box in boxes]
    return [box for box, spot in spots if 2 * int(outside(spot, known).sum()) > int(spot.sum())]
