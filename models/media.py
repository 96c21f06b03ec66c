"""What images and videos have in common: where their bytes are, and how the words in them are asked about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from .assessment import Unjudged
from .classifier import Classifier
from .content import Image, Role, Text, Video
from .vision.data_url import decoded, is_data

NO_VISUAL: Final = Unjudged(reason="no_visual_classifier", detail="its words were judged, not what it shows")
NO_TEXT: Final = Unjudged(reason="no_text_classifier", detail="nobody judges the text in it")
NOT_FETCHED: Final = Unjudged(reason="not_fetched", detail="the policy lets nobody fetch this URL")
MORE_TEXT: Final = Unjudged(reason="too_much_text", detail="more lines of text than are read")
UNREAD: Final = Unjudged(reason="unreadable_text", detail="letters that could not be read")


def bytes_of(part: Image | Video, *, limit: int) -> bytes | Unjudged:
    """The part's bytes, from its data URL where it has one; a URL that nobody fetched is unjudged."""
    if part.data:
        return part.data
    if is_data(part.url):
        return decoded(part.url, limit=limit)
    what = "image" if isinstance(part, Image) else "video"
    return NOT_FETCHED if part.url else Unjudged(reason="not_decodable", detail=f"the {what} is empty")


def message_of(part: Image | Video) -> str:
    """The user's message that came along; what a model was asked for is no message."""
    return part.context if part.role is Role.USER else ""


def asked(part: Image | Video, texts: Iterable[str]) -> Sequence[Text]:
    """Texts that were read in the part, to be judged as its own words."""
    context = "" if part.role is Role.USER else part.context
    return [Text(text=text, role=part.role, purpose=part.purpose, path=part.path, context=context) for text in texts]


def digest_of(version: int, bounds: msgspec.Struct, *, sums: Iterable[str], judges: Iterable[Classifier | None]) -> str:
    """A digest that changes with the version, the bounds, the sums and every judge."""
    digests = [judge.digest if judge is not None else "" for judge in judges]
    every = [str(version), msgspec.json.encode(bounds).decode(), *sums, *digests]
    return hashlib.sha256("\n".join(every).encode()).hexdigest()[:16]


def own(missed: Unjudged, *, name: str) -> Unjudged:
    """What was not judged, with the name of who says so."""
    return missed if missed.model else msgspec.structs.replace(missed, model=name)
