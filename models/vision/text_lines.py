"""What the boxes of an image say: lines cut out, upright, read by the recogniser and decoded greedily (CTC)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from .decode import Pixels
from .ocr_engine import Engine, Values
from .text_boxes import Points

HEIGHT: Final = 48
NARROWEST: Final = 48
WIDEST: Final = 2400
"""Pixels of a line's width at the recogniser's height; a longer one is read in pieces."""
BATCH: Final = 2400
"""Pixels of width that are read at once."""
CALL: Final = 64
"""What a call costs whatever is in it, in pixels of width: lines join where that is more than the padding."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a line says and how sure that is, 0..1."""

    text: str
    sure: float


def cut(image: Pixels, box: Points) -> Pixels:
    """The box as an upright strip, at the recogniser's height; a small one is scaled up with cubic splines."""
    import cv2

    wide = max(float(np.linalg.norm(box[1] - box[0])), float(np.linalg.norm(box[2] - box[3])))
    high = max(float(np.linalg.norm(box[3] - box[0])), float(np.linalg.norm(box[2] - box[1])))
    width = int(np.clip(round(wide * HEIGHT / max(high, 1.0)), 8, 4 * WIDEST))
    corners = np.array([[0, 0], [width, 0], [width, HEIGHT], [0, HEIGHT]], dtype=np.float32)
    turn = cv2.getPerspectiveTransform(box.astype(np.float32), corners)
    way = cv2.INTER_CUBIC if high < HEIGHT else cv2.INTER_AREA
    strip = cv2.warpPerspective(image, turn, (width, HEIGHT), flags=way, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(strip, dtype=np.uint8)


def read(strips: Sequence[Pixels], engine: Engine) -> list[Line]:
    """A line for each strip, in order."""
    pieces = [(at, piece) for at, strip in enumerate(strips) for piece in _pieces(strip)]
    order = sorted(range(len(pieces)), key=lambda at: pieces[at][1].shape[1])
    batches = _batches(order, [piece.shape[1] for _, piece in pieces])[::-1]  # the longest first, to end together

    def lines_of(batch: Sequence[int]) -> list[Line]:
        return _decoded(engine.read(_joined([pieces[at][1] for at in batch])), engine.letters)

    found: dict[int, Line] = {}
    for batch, lines in zip(batches, engine.each(lines_of, batches), strict=True):
        found.update(zip(batch, lines, strict=True))
    said: list[list[Line]] = [[] for _ in strips]
    for place, (at, _) in enumerate(pieces):
        said[at].append(found[place])
    return [_whole(lines) for lines in said]


def _pieces(strip: Pixels) -> list[Pixels]:
    return [strip[:, at : at + WIDEST] for at in range(0, strip.shape[1], WIDEST)]


def _batches(order: Sequence[int], widths: Sequence[int]) -> list[list[int]]:
    """Indices of pieces, narrowest first, in calls that read little padding and at most BATCH pixels of width."""
    batches: list[list[int]] = []
    longest = 0
    for at in order:
        width = max(widths[at], NARROWEST)
        fits = bool(batches) and (len(batches[-1]) + 1) * width <= BATCH
        if fits and len(batches[-1]) * (width - longest) <= CALL:
            batches[-1].append(at)
        else:
            batches.append([at])
        longest = width
    return batches


def _joined(strips: Sequence[Pixels]) -> Values:
    width = max(NARROWEST, *(strip.shape[1] for strip in strips))
    lines = np.zeros((len(strips), 3, HEIGHT, width), dtype=np.float32)
    for row, strip in enumerate(strips):
        values = strip[:, :, ::-1].astype(np.float32) * np.float32(2 / 255) - np.float32(1)
        lines[row, :, :, : strip.shape[1]] = values.transpose(2, 0, 1)
    return lines


def _decoded(found: Values, letters: Sequence[str]) -> list[Line]:
    best, sure = found.argmax(axis=2), found.max(axis=2)
    lines = []
    for row, chances in zip(best, sure, strict=True):
        keep = row != 0
        keep[1:] &= row[1:] != row[:-1]
        text = "".join(letters[int(at)] if at < len(letters) else "" for at in row[keep])
        lines.append(Line(text=text, sure=float(chances[keep].mean()) if keep.any() else 0.0))
    return lines


def _whole(lines: Sequence[Line]) -> Line:
    sure = sum(line.sure for line in lines) / max(1, len(lines))
    return Line(text="".join(line.text for line in lines), sure=sure)
