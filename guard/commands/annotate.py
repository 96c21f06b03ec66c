"""Draws what was found in an image into a PNG: numbered boxes of text, and findings and readings beneath."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ...models.assessment import Unjudged
from ...models.content import Image, Part, Video
from ...models.errors import InputError
from ...models.media import bytes_of
from ...models.sight import seen
from ...models.vision.bounds import DEFAULT
from ...models.vision.decode import Pixels, decode, require_pillow
from ...models.vision.ocr import Seen, Written
from ...policies.verdict import Verdict
from .sheet import LINE, QUIET, Ink, Said, findings_of, font, ink_of, page, png, write

_NARROWEST: Final = 480
_LISTED: Final = 12
"""Lines of text that are listed; the boxes of the others are drawn."""
_LONGEST: Final = 80
_TAG: Final = 12
_WHITE: Final = (255, 255, 255)


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
    """A PNG of the image's first frame with a box around each line of text, and what was found and read beneath."""
    data = bytes_of(part, limit=DEFAULT.bytes)
    picture = decode(data) if isinstance(data, bytes) else data
    if isinstance(picture, Unjudged):
        raise InputError(f"--annotate: {part.path} cannot be drawn: {picture.reason}", param="annotate")
    frame = picture.frames[0]
    found, ink = seen(frame), ink_of(part.path, verdict)
    said = [Said(text, ink) for text in findings_of(part.path, verdict)]
    return _drawn(frame, boxes=found.lines, said=[*said, *read_of(found)], ink=ink)


def read_of(found: Seen) -> list[Said]:
    """A line for each line of text by its number, and how it lies where that is not upright."""
    said = [f"text lies {found.way.replace('_', ' ')}"] if found.lines and found.way != "upright" else []
    said += [
        f"{number}  {line.text[:_LONGEST]}  ({line.sure:.2f})"
        for number, line in enumerate(found.lines[:_LISTED], start=1)
    ]
    said += [f"and {len(found.lines) - _LISTED} lines more"] if len(found.lines) > _LISTED else []
    return [Said(text, QUIET) for text in said]


def _drawn(frame: Pixels, *, boxes: Sequence[Written], said: Sequence[Said], ink: Ink) -> bytes:
    """The frame with numbered boxes over a list of lines."""
    pictures = require_pillow()
    from PIL import ImageDraw

    height, width = frame.shape[:2]
    sheet = page(max(width, _NARROWEST), height + LINE * (len(said) + 1))
    sheet.paste(pictures.fromarray(frame), (0, 0))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(boxes, start=1):
        _box(pen, line, number=number, ink=ink)
    write(pen, said, top=height + LINE // 2)
    return png(sheet)


def _box(pen: Any, line: Written, *, number: int, ink: Ink) -> None:
    corners = [(float(x), float(y)) for x, y in line.box]
    pen.line([*corners, corners[0]], fill=ink, width=2, joint="curve")
    x, y = min(corners)[0], min(y for _, y in corners)
    wide = _TAG * len(str(number))
    top = max(0.0, y - _TAG)
    pen.rectangle((x, top, x + wide, top + _TAG), fill=ink)
    pen.text((x + wide / 2, top + _TAG / 2), str(number), fill=_WHITE, font=font(_TAG - 2), anchor="mm")
