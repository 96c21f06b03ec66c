"""What drawn pictures have in common: colours by action, a legible font, and lines of words on paper."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from ...models.vision.decode import require_pillow
from ...policies.verdict import Action, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

Ink: TypeAlias = tuple[int, int, int]

PAPER: Final[Ink] = (250, 250, 248)
QUIET: Final[Ink] = (110, 110, 110)
LINE: Final = 20
"""Pixels of a line of words."""
_INK: Final = {Action.ALLOW: (22, 120, 60), Action.FLAG: (176, 120, 0), Action.GUIDELINE: (176, 120, 0)}
_ALARM: Final[Ink] = (190, 30, 45)
_SIZE: Final = 14


class Said(msgspec.Struct, frozen=True):
    """A line of words and its colour."""

    text: str
    ink: Ink


def ink_of(path: str, verdict: Verdict) -> Ink:
    """The colour of the strongest action that a part called for, by what was found or by what was not judged."""
    actions = [finding.action for finding in verdict.findings if finding.part == path]
    actions += [missed.action for missed in verdict.unjudged if missed.part == path]
    return _INK.get(max(actions, default=Action.ALLOW), _ALARM)


def findings_of(path: str, verdict: Verdict) -> list[str]:
    """A line for each finding about a part, and for why it was not judged wholly."""
    said = [
        f"{finding.action}: {finding.category}, {finding.severity.slug}, {finding.confidence:.2f}"
        for finding in verdict.findings
        if finding.part == path
    ]
    return said + [f"not judged: {missed.reason}" for missed in verdict.unjudged if missed.part == path]


def font(size: int = _SIZE) -> Any:
    """Pillow's own font."""
    require_pillow()
    from PIL import ImageFont

    return ImageFont.load_default(size=size)


def page(width: int, height: int) -> Opened:
    """Empty paper."""
    paper: Opened = require_pillow().new("RGB", (width, height), PAPER)
    return paper


def write(pen: Any, said: Sequence[Said], *, top: int) -> None:
    """Lines of words from `top` downwards."""
    for row, line in enumerate(said):
        pen.text((10, top + row * LINE), line.text, fill=line.ink, font=font())


def png(picture: Opened) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, format="PNG", optimize=True)
    return out.getvalue()
