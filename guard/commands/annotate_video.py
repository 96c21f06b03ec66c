"""Draws a video's finding strip into a PNG: frames with their times, and where along it something was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ...models.assessment import Unjudged
from ...models.content import Video
from ...models.errors import InputError
from ...models.media import bytes_of
from ...models.vision.clip import DEFAULT, Clip, ClipBounds, Moment
from ...models.vision.decode import evenly, require_pillow
from ...policies.verdict import Verdict
from .sheet import LINE, QUIET, Ink, Said, findings_of, font, ink_of, page, png, write

COLUMNS: Final = 6
ROWS: Final = 2
_WIDE: Final = 200
_GAP: Final = 8
_BAR: Final = 10
_TRACK: Final = (222, 222, 218)
_NARROWEST: Final = 480


def strip(part: Video, verdict: Verdict) -> bytes:
    """A PNG of at most a dozen frames with time codes, those of a finding framed, its times, and what was found."""
    data = bytes_of(part, limit=DEFAULT.bytes)
    if isinstance(data, Unjudged):
        raise InputError(f"--annotate: {part.path} cannot be drawn: {data.reason}", param="annotate")
    clip = Clip(data, bounds=ClipBounds(side=_WIDE))
    moments = list(clip.moments())
    if not moments:
        reason = clip.fault.reason if clip.fault else "not_decodable"
        raise InputError(f"--annotate: {part.path} cannot be drawn: {reason}", param="annotate")
    chosen = [moments[at] for at in evenly(len(moments), most=COLUMNS * ROWS)]
    return _sheet(chosen, part.path, verdict, duration=max(clip.duration, moments[-1].time))


def code(seconds: float) -> str:
    """A time code such as 1:02:03.5, hours where there are any."""
    hours, rest = divmod(max(0.0, seconds), 3600)
    minutes, left = divmod(rest, 60)
    head = f"{int(hours)}:{int(minutes):02d}" if hours >= 1 else f"{int(minutes)}"
    return f"{head}:{left:04.1f}"


def _sheet(moments: Sequence[Moment], path: str, verdict: Verdict, *, duration: float) -> bytes:
    require_pillow()
    from PIL import ImageDraw

    found = [span for finding in verdict.findings if finding.part == path for span in finding.times]
    spans = list(dict.fromkeys(found))
    ink = ink_of(path, verdict)
    said = [Said(text, ink) for text in findings_of(path, verdict)]
    said += [Said("found at " + ", ".join(f"{code(a)} to {code(b)}" for a, b in spans), ink)] if spans else []
    columns = min(COLUMNS, len(moments))
    tall = max(moment.frame.shape[0] for moment in moments) + LINE + _GAP
    wide = max(moment.frame.shape[1] for moment in moments) + _GAP
    top = -(-len(moments) // columns) * tall + _GAP
    sheet = page(max(_NARROWEST, columns * wide + _GAP), top + _BAR + 2 * LINE + LINE * len(said))
    pen = ImageDraw.Draw(sheet)
    for place, moment in enumerate(moments):
        x, y = _GAP + place % columns * wide, _GAP + place // columns * tall
        hit = any(a <= moment.time <= b for a, b in spans)
        _frame(sheet, pen, moment, x=x, y=y, ink=ink if hit else None)
    _timeline(pen, spans, width=sheet.width, top=top, duration=duration, ink=ink)
    write(pen, said, top=top + _BAR + LINE + LINE // 2)
    return png(sheet)


def _frame(sheet: Any, pen: Any, moment: Moment, *, x: int, y: int, ink: Ink | None) -> None:
    small = require_pillow().fromarray(moment.frame)
    sheet.paste(small, (x, y))
    if ink is not None:
        pen.rectangle((x - 3, y - 3, x + small.width + 2, y + small.height + 2), outline=ink, width=3)
    pen.text((x, y + small.height + 4), code(moment.time), fill=ink or QUIET, font=font())


def _timeline(
    pen: Any, spans: Sequence[tuple[float, float]], *, width: int, top: int, duration: float, ink: Ink
) -> None:
    """The whole length as a bar, with the stretches in which something was found."""
    left, right = _GAP, width - _GAP
    pen.rectangle((left, top, right, top + _BAR), fill=_TRACK)
    scale = (right - left) / max(duration, 0.001)
    for start, end in spans:
        from_x = left + min(start, duration) * scale
        pen.rectangle((from_x, top, min(right, max(from_x + 3, left + end * scale)), top + _BAR), fill=ink)
    pen.text((left, top + _BAR + 2), code(0), fill=QUIET, font=font())
    pen.text((right, top + _BAR + 2), code(duration), fill=QUIET, font=font(), anchor="ra")
