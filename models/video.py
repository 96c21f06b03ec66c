"""Videos: each chosen frame as an image, its text over time, known clips by vPDQ, and when it was."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from .assessment import NOT_ASSESSED, Assessed, Assessment, Stretch, Unjudged
from .classifier import Classifier
from .combine import judged
from .content import Image, Kind, Part, Video
from .hashing.known import KnownPictures, assessed
from .hashing.pdq import hashed
from .hashing.vpdq import FrameHash
from .media import MORE_TEXT, NO_TEXT, NO_VISUAL, UNREAD, asked, bytes_of, digest_of, message_of, own
from .merge import FLAGGED, worst
from .vision.clip import DEFAULT, Clip, ClipBounds, Moment
from .vision.decode import Picture, Pixels
from .vision.ocr import Seen
from .vision.readings import readings

VERSION: Final = 3
GAP: Final = 4.0
"""Seconds between two findings that still make one stretch."""
_KINDS: frozenset[Kind] = frozenset({"video"})
_FRAGMENT: Final = 12
"""Letters of a row that may be a piece of a word."""
_BATCH: Final = 16

AUDIO: Final = Unjudged(reason="no_audio_classifier", detail="nobody listens to the sound")
LEFT_OUT: Final = Unjudged(reason="frames_left_out", detail="not every scene was looked at")


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment and the time that it speaks of."""

    start: float
    end: float
    assessment: Assessment


class VideoJudge:
    """Judges videos by what their frames show and say; what nobody judged stands in `missed`, with its reason."""

    local: Final = True
    patience: Final = 120.0

    def __init__(
        self,
        *,
        look: Callable[[Pixels], Seen],
        look_digest: str,
        text: Classifier | None,
        visual: Classifier | None = None,
        temporal: Classifier | None = None,
        known: KnownPictures | None = None,
        bounds: ClipBounds = DEFAULT,
    ) -> None:
        self._look = look
        self._text = text
        self._visual = visual
        self._temporal = temporal
        self._known = known
        self._bounds = bounds
        self.members: tuple[Classifier, ...] = tuple(one for one in (visual, temporal) if one is not None)
        sums = [look_digest, known.digest if known is not None else ""]
        self._digest = digest_of(VERSION, bounds, sums=sums, judges=(text, visual, temporal))

    @property
    def name(self) -> str:
        """A name of its own."""
        return f"video@{VERSION}"

    @property
    def digest(self) -> str:
        """Changes with everything that looks at frames or judges their text."""
        return self._digest

    @property
    def kinds(self) -> frozenset[Kind]:
        """Videos alone."""
        return _KINDS

    @property
    def covers(self) -> frozenset[str]:
        """What the visual and the temporal classifier assess."""
        return frozenset(slug for member in self.members for slug in member.covers)

    def cost(self, part: Part) -> int:
        """About the tokens that the embedded text model would read in the time."""
        return 8192 if isinstance(part, Video) else 1

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order."""
        return [self._assess(part) for part in parts]

    def _assess(self, part: Part) -> Assessment:
        if not isinstance(part, Video):
            return Unjudged(reason="unsupported_kind", model=self.name)
        data = bytes_of(part, limit=self._bounds.bytes)
        if isinstance(data, Unjudged):
            return own(data, name=self.name)
        clip = Clip(data, bounds=self._bounds)
        said, rows = self._frames(part, clip)
        if clip.fault is not None and not rows:
            return own(clip.fault, name=self.name)
        said += self._over_time(part, rows)
        if self._temporal is not None:
            said.append(_Said(start=0.0, end=clip.duration, assessment=judged(self._temporal, [part])[0]))
        elif self._visual is None:
            said.append(_Said(start=0.0, end=0.0, assessment=NO_VISUAL))
        missed = [AUDIO] if clip.audio else []
        missed += [LEFT_OUT] if clip.left_out else []
        missed += [clip.fault] if clip.fault is not None else []
        return self._together(said, missed)

    def _frames(self, part: Video, clip: Clip) -> tuple[list[_Said], dict[float, Seen]]:
        """What each moment shows and says, and the text of all of them by their time."""
        said: list[_Said] = []
        rows: dict[float, Seen] = {}
        waiting: list[Moment] = []
        hashes: list[FrameHash] = []
        for moment in clip.moments():
            rows[moment.time] = self._look(moment.frame)
            if self._known is not None and (found := self._known.match(_picture(moment))) is not None:
                said.append(_Said(start=moment.time, end=moment.time, assessment=found))
            if self._known is not None and self._known.clips:
                hashes.append(_hash(moment))
            waiting.append(moment)
            if len(waiting) == _BATCH:
                said += self._shown(part, waiting)
                waiting = []
        if self._known is not None:
            for clip_match in self._known.clip(hashes):
                start, end = min(clip_match.times), max(clip_match.times)
                said.append(_Said(start=start, end=end, assessment=assessed(clip_match.entry)))
        return said + self._shown(part, waiting), rows

    def _shown(self, part: Video, moments: Sequence[Moment]) -> list[_Said]:
        if self._visual is None or not moments:
            return []
        frames = [
            Image(data=frame_file(one.frame), role=part.role, purpose=part.purpose, context=part.context)
            for one in moments
        ]
        answers = judged(self._visual, frames)
        return [_Said(start=m.time, end=m.time, assessment=one) for m, one in zip(moments, answers, strict=True)]

    def _over_time(self, part: Video, seen: dict[float, Seen]) -> list[_Said]:
        """The text of each moment, and of all in a row: a sentence or a word may be split over frames."""
        missed = [_Said(start=0.0, end=0.0, assessment=MORE_TEXT)] if any(one.more for one in seen.values()) else []
        missed += [_Said(start=0.0, end=0.0, assessment=UNREAD)] if any(one.unread for one in seen.values()) else []
        times: dict[str, list[float]] = {}
        for time, one in seen.items():
            for text in readings(one.rows, message=message_of(part)):
                times.setdefault(text, []).append(time)
        whole = [text for text in joined([one.rows for one in seen.values()]) if text not in times]
        if not times and not whole:
            return missed
        if self._text is None:
            return [*missed, _Said(start=0.0, end=0.0, assessment=NO_TEXT)]
        answers = judged(self._text, asked(part, [*times, *whole]))
        said = [
            _Said(start=time, end=time, assessment=one)
            for found, one in zip(times.values(), answers, strict=False)
            for time in found
        ]
        # What all moments say together is put down to the one that says it by itself, where there is one.
        by_itself = _loudest(said)
        start, end = (by_itself.start, by_itself.end) if by_itself else (min(seen), max(seen))
        together = [_Said(start=start, end=end, assessment=one) for one in answers[len(times) :]]
        return [*missed, *said, *together]

    def _together(self, said: Sequence[_Said], missed: Iterable[Unjudged]) -> Assessment:
        known = [one for one in said if isinstance(one.assessment, Assessed)]
        unknown = [one.assessment for one in said if isinstance(one.assessment, Unjudged)]
        absent = tuple(dict.fromkeys(own(one, name=self.name) for one in (*unknown, *missed)))
        if not known:
            return Assessed(unsafe=0.0, categories=dict(NOT_ASSESSED), model=self.name, missed=absent)
        both = worst([one.assessment for one in known if isinstance(one.assessment, Assessed)])
        every = tuple(dict.fromkeys((*both.missed, *absent)))
        return msgspec.structs.replace(
            both, model=f"{self.name}+{both.model}", missed=every, stretches=stretches(known)
        )


def stretches(said: Sequence[_Said]) -> tuple[Stretch, ...]:
    """Where something was found, from worst to least; findings less than GAP seconds apart are one."""
    hits = sorted(
        (one.start, one.end, one.assessment.unsafe)
        for one in said
        if isinstance(one.assessment, Assessed) and one.assessment.unsafe >= FLAGGED
    )
    found: list[Stretch] = []
    for start, end, score in hits:
        if found and start - found[-1].end <= GAP:
            last = found.pop()
            start, end, score = last.start, max(last.end, end), max(last.score, score)
        found.append(Stretch(start=start, end=end, score=round(score, 4)))
    return tuple(sorted(found, key=lambda one: (-one.score, one.start)))


def _loudest(said: Sequence[_Said]) -> _Said | None:
    """The worst of what is flagged by itself; None where nothing is."""
    scores = {at: one.assessment.unsafe for at, one in enumerate(said) if isinstance(one.assessment, Assessed)}
    flagged = [at for at, score in scores.items() if score >= FLAGGED]
    return said[max(flagged, key=scores.__getitem__)] if flagged else None


def joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """The texts of moments in a row as one, repetitions left out; fragments also without the gaps between them."""
    distinct: list[str] = []
    for one in rows:
        text = " ".join(one).strip()
        if text and (not distinct or distinct[-1] != text):
            distinct.append(text)
    if len(distinct) < 2:
        return []
    whole = [" ".join(distinct)]
    if all(len(text) <= _FRAGMENT and " " not in text for text in distinct):
        whole.append("".join(distinct))
    return whole


def _picture(moment: Moment) -> Picture:
    height, width = moment.frame.shape[:2]
    return Picture(frames=(moment.frame,), width=width, height=height)


def _hash(moment: Moment) -> FrameHash:
    found = hashed(moment.frame)
    return FrameHash(words=found.words[0], quality=found.quality, time=moment.time)


def frame_file(frame: Pixels) -> bytes:
    """A frame as the bytes of an image, nothing lost."""
    from PIL import Image as Pictures

    out = io.BytesIO()
    Pictures.fromarray(frame).save(out, format="BMP")
    return out.getvalue()
