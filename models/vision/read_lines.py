"""Every line of an image read the way most of them lie, and what is doubtful in all the ways its box allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from ..words import hits
from .orientation import LEVEL, QUARTER, Strips, Way, area, is_tall, sense
from .text_boxes import Points
from .text_lines import Line

LEGIBLE: Final = 0.5
"""Confidence below which a line is not taken for text."""

_SURE: Final = 0.95
"""Confidence from which a line lies as it is read: mirrored letters are read with up to 0.93."""
_FAIR: Final = 0.75
"""Confidence that suffices where there are common words, or no letters at all."""
_SHORT: Final = 2
"""Characters, and heights of a box, up to which it is no more than a number or a sign."""
_LONG: Final = 4.0
"""Heights of a box that holds a few words: what is shorter may be a logo."""
_BETTER: Final = 0.1
_RETRIES: Final = 12


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What the box at a place says, and the way in which it does."""

    place: int
    line: Line
    way: Way


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The legible lines, those that lie as most do first, and whether some of a line's size was left unread."""

    lines: tuple[Read, ...]
    unread: bool


def read_all(strips: Strips, way: Way) -> Reading:
    """All boxes read this way, and up to `_RETRIES` doubtful ones, the largest first, in the others, too."""
    places = range(len(strips.boxes))
    said = [Read(place=at, line=line, way=way) for at, line in zip(places, strips.read(places, way), strict=True)]
    odd = [at for at in places if doubtful(said[at].line, strips.boxes[at], way)]
    odd.sort(key=lambda at: area(strips.boxes[at]), reverse=True)
    tried, left = odd[:_RETRIES], odd[_RETRIES:]
    for at in tried:
        said[at] = _best(strips, said[at])
    # Where some lie otherwise, the rest is likely to lie like them.
    turned = tuple(dict.fromkeys(said[at].way for at in tried if said[at].way != way))
    for at in left if turned else ():
        said[at] = _best(strips, said[at], ways=turned)
    unread = any(_lost(said[at].line, strips.boxes[at]) for at in tried)
    unread |= any(_length(strips.boxes[at]) >= _SHORT and not _clear(said[at].line) for at in left)
    legible = [one for one in said if one.line.text.strip() and one.line.sure >= LEGIBLE]
    return Reading(lines=tuple(sorted(legible, key=lambda one: one.way != way)), unread=unread)


def doubtful(line: Line, box: Points, way: Way) -> bool:
    """Whether a line read this way may lie otherwise; signs and numbers of an item or two are taken as they are."""
    text = line.text.strip()
    if len(text) <= _SHORT and _length(box) < _SHORT:
        return False
    return _ways(box, way) != (LEVEL if way in LEVEL else QUARTER) or not _clear(line)


def _clear(line: Line) -> bool:
    """Whether it is read surely, or fairly and makes sense: no common word is one when mirrored."""
    if line.sure >= _SURE:
        return True
    words = line.text.split()
    sensible = 2 * hits(line.text) >= len(words) or not any(character.isalpha() for character in line.text)
    return bool(words) and line.sure >= _FAIR and sensible


def _lost(line: Line, box: Points) -> bool:
    """Whether a box long enough for words is legible in none of the ways that were tried."""
    return _length(box) >= _LONG and line.sure < LEGIBLE


def _best(strips: Strips, one: Read, *, ways: Sequence[Way] = ()) -> Read:
    """The reading that makes the most sense, among these ways or all that the box allows."""
    for other in ways or _ways(strips.boxes[one.place], one.way):
        (line,) = strips.read([one.place], other)
        if sense([line]) > sense([one.line]) + _BETTER:
            one = Read(place=one.place, line=line, way=other)
            if _clear(line):
                return one
    return one


def _ways(box: Points, way: Way) -> tuple[Way, ...]:
    """Columns are read sideways and lines level; what is neither may lie as the image does."""
    if is_tall(box):
        return QUARTER
    return LEVEL if _length(box) >= _SHORT or way in LEVEL else QUARTER


def _length(box: Points) -> float:
    """How often the box's shorter side goes into its longer one."""
    sides = sorted((float(np.linalg.norm(box[1] - box[0])), float(np.linalg.norm(box[3] - box[0]))))
    return sides[1] / max(sides[0], 1.0)
