"""Why a part is not for a classifier that judges prompts alone, answers alone or images alone."""

from __future__ import annotations

from ..assessment import Unjudged
from ..content import Direction, Image, Part, Text, direction_of


def answers_only(part: Part) -> Unjudged | None:
    """For a guard of exchanges: a prompt alone has no answer to judge."""
    if not isinstance(part, Text):
        return Unjudged(reason="unsupported_kind", detail="it reads texts")
    if direction_of(part.role) is not Direction.OUTPUT:
        return Unjudged(reason="unsupported_role", detail="it judges answers to prompts, not prompts")
    return None


def inputs_only(part: Part) -> Unjudged | None:
    """For a guard against attacks: these are done to a model, not by it."""
    if not isinstance(part, Text):
        return Unjudged(reason="unsupported_kind", detail="it reads texts")
    if direction_of(part.role) is Direction.OUTPUT:
        return Unjudged(reason="unsupported_role", detail="it judges what a model is told, not what it says")
    return None


def texts_only(part: Part) -> Unjudged | None:
    """For a guard of any text."""
    return None if isinstance(part, Text) else Unjudged(reason="unsupported_kind", detail="it reads texts")


def images_only(part: Part) -> Unjudged | None:
    """For a guard of images whose bytes are here."""
    if not isinstance(part, Image):
        return Unjudged(reason="unsupported_kind", detail="it reads images")
    if not part.data and not part.url.startswith("data:image/"):
        return Unjudged(reason="not_fetched", detail="an image by its address that nobody has fetched")
    return None
