"""Images: their text judged alone and with the message, known pictures by hash, and whatever else can see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from .assessment import NOT_ASSESSED, Assessed, Assessment, Unjudged
from .classifier import Classifier
from .combine import judged
from .content import Image, Kind, Part
from .media import MORE_TEXT, NO_TEXT, NO_VISUAL, UNREAD, asked, bytes_of, digest_of, message_of, own
from .merge import worst
from .vision.bounds import DEFAULT, Bounds
from .vision.decode import Picture, Pixels, decode
from .vision.ocr import Seen
from .vision.readings import readings

VERSION: Final = 3
_KINDS: frozenset[Kind] = frozenset({"image"})

SAMPLED: Final = Unjudged(reason="frames_left_out", detail="some frames of a moving picture were not looked at")


class Known(Protocol):
    """Lists of known pictures."""

    digest: str

    def match(self, picture: Picture) -> Assessed | None:
        """What a list says of the picture; None where it is on none."""
        ...


class ImageJudge:
    """Judges images by all that is there: `text` for what is written in them, `known` lists, and a `visual` classifier.

    `look` reads the text of one frame. What nobody judged stands in `missed` of the assessment, with its reason.
    """

    local: Final = True
    patience: Final = 30.0

    def __init__(
        self,
        *,
        look: Callable[[Pixels], Seen],
        look_digest: str,
        text: Classifier | None,
        visual: Classifier | None = None,
        known: Known | None = None,
        bounds: Bounds = DEFAULT,
    ) -> None:
        self._look = look
        self._text = text
        self._visual = visual
        self._known = known
        self._bounds = bounds
        self.members: tuple[Classifier, ...] = () if visual is None else (visual,)
        sums = [look_digest, known.digest if known is not None else ""]
        self._digest = digest_of(VERSION, bounds, sums=sums, judges=(text, visual))

    @property
    def name(self) -> str:
        """A name of its own."""
        return f"image@{VERSION}"

    @property
    def digest(self) -> str:
        """Changes with the reader of text, its judge, the lists and the visual classifier."""
        return self._digest

    @property
    def kinds(self) -> frozenset[Kind]:
        """Images alone."""
        return _KINDS

    @property
    def covers(self) -> frozenset[str]:
        """What the visual classifier assesses: words in a picture are not what it shows."""
        return self._visual.covers if self._visual else frozenset()

    def cost(self, part: Part) -> int:
        """About the tokens that the embedded text model would read in the time."""
        return 512 if isinstance(part, Image) else 1

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order."""
        return [self._assess(part) for part in parts]

    def _assess(self, part: Part) -> Assessment:
        if not isinstance(part, Image):
            return Unjudged(reason="unsupported_kind", model=self.name)
        data = bytes_of(part, limit=self._bounds.bytes)
        picture = decode(data, bounds=self._bounds) if isinstance(data, bytes) else data
        if isinstance(picture, Unjudged):
            return self._unseen(part, picture)
        found: list[Assessment] = []
        if self._known is not None and (match := self._known.match(picture)) is not None:
            found.append(match)
        found += self._read(part, picture)
        found.append(self._shown(msgspec.structs.replace(part, data=data)))
        return self._together(found)

    def _unseen(self, part: Image, why: Unjudged) -> Assessment:
        """A picture that cannot be opened here may still be one for whoever judges it elsewhere."""
        if self._visual is not None and not getattr(self._visual, "local", False):
            found = judged(self._visual, [part])[0]
            if isinstance(found, Assessed):
                return msgspec.structs.replace(found, missed=(*found.missed, own(why, name=self.name)))
        return own(why, name=self.name)

    def _read(self, part: Image, picture: Picture) -> list[Assessment]:
        """What is said of the text in the frames; reasons where some was left unread."""
        missed: list[Assessment] = [SAMPLED] if picture.sampled else []
        texts: dict[str, None] = {}
        for frame in picture.frames:
            seen = self._look(frame)
            texts.update(dict.fromkeys(readings(seen.rows, message=message_of(part))))
            if seen.more:
                missed.append(MORE_TEXT)
            if seen.unread:
                missed.append(UNREAD)
        if not texts:
            return missed
        if self._text is None:
            return [*missed, NO_TEXT]
        return [*missed, *judged(self._text, asked(part, texts))]

    def _shown(self, part: Image) -> Assessment:
        return judged(self._visual, [part])[0] if self._visual is not None else NO_VISUAL

    def _together(self, found: Sequence[Assessment]) -> Assessment:
        known = [one for one in found if isinstance(one, Assessed)]
        missed = tuple(dict.fromkeys(own(one, name=self.name) for one in found if isinstance(one, Unjudged)))
        if not known:
            # Nothing was there to be judged by its words: no score, and the reasons why nothing else was.
            blank = Assessed(unsafe=0.0, categories=dict(NOT_ASSESSED), model=self.name)
            return msgspec.structs.replace(blank, missed=missed) if missed else blank
        both = worst(known)
        return msgspec.structs.replace(both, model=f"{self.name}+{both.model}", missed=(*both.missed, *missed))
