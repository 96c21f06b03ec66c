"""Whether a picture is on a list of known ones, and what that means."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from ..assessment import NOT_ASSESSED, Assessed
from ..vision.decode import Picture, Pixels
from .entry import HashListEntry
from .hash_index import HashIndex
from .hash_list import read
from .pdq import QUALITY, Words, variants
from .vpdq import FrameHash, overlap

_LEVELS = {"minor": 1, "moderate": 2, "severe": 3}


class HashList(msgspec.Struct, frozen=True, kw_only=True):
    """A list with its index."""

    entry: HashListEntry
    index: HashIndex


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The list on which a picture is, and in how many bits it differs from the nearest one there."""

    entry: HashListEntry
    distance: int


class ClipMatch(msgspec.Struct, frozen=True, kw_only=True):
    """The list on which a video is, and the times in seconds of the frames that are there."""

    entry: HashListEntry
    times: tuple[float, ...]


class KnownPictures:
    """All lists; read alone after it was made."""

    def __init__(self, lists: Sequence[HashList]) -> None:
        self.lists = tuple(lists)
        sums = hashlib.sha256()
        for one in self.lists:
            sums.update(msgspec.json.encode(one.entry) + one.index.words.tobytes())
        self.digest = sums.hexdigest()[:16]

    @classmethod
    def load(cls, entries: Sequence[HashListEntry]) -> KnownPictures:
        """The lists of files; ConfigError names what cannot be read."""
        return cls([HashList(entry=entry, index=HashIndex(read(entry))) for entry in entries])

    def match(self, picture: Picture) -> Assessed | None:
        """What the worst list that knows a frame of the picture says; None where none does."""
        found = [match for frame in picture.frames for match in self.matches(frame)]
        if not found:
            return None
        return assessed(max(found, key=lambda match: _LEVELS[match.entry.severity]).entry)

    def matches(self, frame: Pixels) -> list[Match]:
        """The lists on which a frame is, turned, mirrored or with a border as it may be."""
        if not any(len(one.index) for one in self.lists if one.entry.kind == "picture"):
            return []
        seen = variants(frame)
        return self.look_up(seen.words) if seen.quality >= QUALITY else []

    def look_up(self, words: Words) -> list[Match]:
        """The lists on which any of these hashes [variants, 4] is."""
        found = []
        for one in (one for one in self.lists if one.entry.kind == "picture"):
            near = [hit for row in words for hit in one.index.within(row, furthest=one.entry.distance)[:1]]
            if near:
                found.append(Match(entry=one.entry, distance=min(hit.distance for hit in near)))
        return found

    @property
    def clips(self) -> bool:
        """Whether there are lists of videos: then frames must be hashed for `clip`."""
        return any(one.entry.kind == "video" for one in self.lists)

    def clip(self, frames: Sequence[FrameHash]) -> list[ClipMatch]:
        """The lists of videos that hold most of these frames, or of which these hold most."""
        found = []
        for one in (one for one in self.lists if one.entry.kind == "video"):
            shared = overlap(frames, one.index, furthest=one.entry.distance)
            if shared.matches:
                found.append(ClipMatch(entry=one.entry, times=shared.times))
        return found


def assessed(entry: HashListEntry) -> Assessed:
    """What a match of a list means: certainty, in its category and severity."""
    level = _LEVELS[entry.severity]
    categories = dict(NOT_ASSESSED) | {entry.category: 1.0}
    return Assessed(
        unsafe=1.0,
        categories=categories,
        severity=(0.0, float(level == 1), float(level == 2), float(level == 3)),
        model=f"known:{entry.label}",
    )
