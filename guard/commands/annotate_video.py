"""Draws a video's finding strip into a PNG: frames with their times, and where along it something was found."""

from __future__ import annotations

import io
from typing import Final

from ...models.assessment import Unjudged
from ...models.content import Video
from ...models.errors import InputError
from ...models.video import bytes_of
from ...models.vision.clip import DEFAULT, Clip, ClipBounds, Moment
from ...models.vision.decode import evenly, require_pillow
from ...policies.verdict import Verdict
from .annotate import findings_of, ink_of

COLUMNS: Final = 6
ROWS: Final = 2
_WIDE: Final = 200
_HIGH: Final = 112
_CODE: Final = 18
_PAPER: Final = (250, 250, 248)
_QUIET: Final = (120, 120, 120)


def strip(part: Video, verdict: Verdict) -> bytes:
    """A PNG of at most a dozen frames with time codes, those of a finding framed, and the findings beneath."""
    data = bytes_of(part, limit=DEFAULT.bytes)
    if isinstance(data, Unjudged):
        raise InputError(f"--annotate: {part.path} cannot be drawn: {data.reason}", param="annotate")
    clip = Clip(data, bounds=ClipBounds(side=_WIDE))
    moments = list(clip.moments())
    if not moments:
        reason = clip.fault.reason if clip.fault else "not_decodable"
        raise InputError(f"--annotate: {part.path} cannot be drawn: {reason}", param="annotate")
    chosen = [moments[at] for at in evenly(len(moments), most=COLUMNS * ROWS)]
    return _sheet(chosen, part.path, verdict)


def code(seconds: float) -> str:
    """A time code such as 1:02:03.5, hours where there are any."""
    hours, rest = divmod(max(0.0, seconds), 3600)
    minutes, left = divmod(rest, 60)
    head = f"{int(hours)}:{int(minutes):02d}" if hours >= 1 else f"{int(minutes)}"
    return f"{head}:{left:04.1f}"


def _sheet(moments: list[Moment], path: str, verdict: Verdict) -> bytes:
    pictures = require_pillow()
    from PIL import ImageDraw

    spans = [span for finding in verdict.findings if finding.part == path for span in finding.times]
    said = [f"{code(a)} to {code(b)}" for a, b in dict.fromkeys(spans)]
    said = findings_of(path, verdict) + ([f"found at {', '.join(said)}"] if said else [])
    rows = -(-len(moments) // COLUMNS)
    page = pictures.new("RGB", (COLUMNS * _WIDE, rows * (_HIGH + _CODE) + _CODE * (len(said) + 1)), _PAPER)
    pen, ink = ImageDraw.Draw(page), ink_of(path, verdict)
    for place, moment in enumerate(moments):
        x, y = place % COLUMNS * _WIDE, place // COLUMNS * (_HIGH + _CODE)
        small = pictures.fromarray(moment.frame)
        small.thumbnail((_WIDE - 8, _HIGH - 8))
        page.paste(small, (x + 4, y + 4))
        hit = any(a <= moment.time <= b for a, b in spans)
        colour = ink if hit else _QUIET
        pen.rectangle((x + 2, y + 2, x + _WIDE - 3, y + _HIGH - 3), outline=colour, width=3 if hit else 1)
        pen.text((x + 6, y + _HIGH), code(moment.time), fill=colour)
    for row, text in enumerate(said):
        pen.text((8, rows * (_HIGH + _CODE) + 6 + row * _CODE), text, fill=ink)
    out = io.BytesIO()
    page.save(out, format="PNG")
    return out.getvalue()
