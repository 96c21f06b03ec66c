"""Draws what was found in an image into a PNG: boxes of text, and findings beneath."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ...models.assessment import Unjudged
from ...models.content import Image, Part, Video
from ...models.errors import InputError
from ...models.image import bytes_of
from ...models.sight import seen
from ...models.vision.bounds import DEFAULT
from ...models.vision.decode import Pixels, decode, require_pillow
from ...models.vision.ocr import Written
from ...policies.verdict import Action, Verdict

_INK: Final = {Action.ALLOW: (22, 120, 60), Action.FLAG: (176, 120, 0), Action.GUIDELINE: (176, 120, 0)}
_ALARM: Final = (190, 30, 45)
_PAPER: Final = (250, 250, 248)
_LINE: Final = 18
_NARROWEST: Final = 480


def draw(parts: Sequence[Part], verdict: Verdict, path: Path) -> None:
    """Writes the first image or video of the parts with the verdict about it; InputError where it cannot be drawn."""
    part = next((one for one in parts if isinstance(one, (Image, Video))), None)
    if part is None:
        raise InputError("--annotate: there is no image or video to draw", param="annotate")
    if isinstance(part, Video):
        from .annotate_video import strip

        picture = strip(part, verdict)
    else:
        picture = annotated(part, verdict)
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise InputError(f"--annotate: cannot write {path}: {error.strerror}", param="annotate") from error


def annotated(part: Image, verdict: Verdict) -> bytes:
    """A PNG of the image's first frame with a box around each line of text, and the findings about it beneath."""
    data = bytes_of(part, limit=DEFAULT.bytes)
    picture = decode(data) if isinstance(data, bytes) else data
    if isinstance(picture, Unjudged):
        raise InputError(f"--annotate: {part.path} cannot be drawn: {picture.reason}", param="annotate")
    frame = picture.frames[0]
    found = seen(frame)
    said = findings_of(part.path, verdict)
    said += [f"text lies {found.way.replace('_', ' ')}"] if found.lines and found.way != "upright" else []
    return png(frame, boxes=found.lines, said=said, ink=ink_of(part.path, verdict))


def findings_of(path: str, verdict: Verdict) -> list[str]:
    """A line for each finding about a part, and for why it was not judged wholly."""
    said = [
        f"{finding.action}: {finding.category}, {finding.severity.slug}, {finding.confidence:.2f}"
        for finding in verdict.findings
        if finding.part == path
    ]
    return said + [f"not judged: {missed.reason}" for missed in verdict.unjudged if missed.part == path]


def ink_of(path: str, verdict: Verdict) -> tuple[int, int, int]:
    """The colour of the strongest action that a part called for."""
    actions = [finding.action for finding in verdict.findings if finding.part == path]
    return _INK.get(max(actions, default=Action.ALLOW), _ALARM)


def png(frame: Pixels, *, boxes: Sequence[Written], said: Sequence[str], ink: tuple[int, int, int]) -> bytes:
    """The frame with outlined boxes over a list of lines."""
    pictures = require_pillow()
    from PIL import ImageDraw

    height, width = frame.shape[:2]
    page = pictures.new("RGB", (max(width, _NARROWEST), height + _LINE * (len(said) + 1)), _PAPER)
    page.paste(pictures.fromarray(frame), (0, 0))
    pen = ImageDraw.Draw(page)
    for line in boxes:
        pen.polygon([(float(x), float(y)) for x, y in line.box], outline=ink, width=2)
    for row, text in enumerate(said):
        pen.text((8, height + 8 + row * _LINE), text, fill=ink)
    out = io.BytesIO()
    page.save(out, format="PNG")
    return out.getvalue()
