"""Image bytes to upright RGB frames, within bounds; what is broken, too large or no picture is unjudged."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ..assessment import Unjudged
from ..errors import ModelUnavailable
from .bounds import DEFAULT, Bounds

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

Pixels = npt.NDArray[np.uint8]
"""[height, width, 3], RGB."""

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

_MARKUP: Final = (b"<svg", b"<?xml", b"<!doctype", b"<html")
# Pillow's readers raise whatever a damaged file makes them trip over.
_BROKEN: Final = (
    OSError, ValueError, TypeError, AttributeError, RuntimeError, SyntaxError, ArithmeticError, LookupError,
    MemoryError, EOFError, struct.error,
)  # fmt: skip
_WHITE: Final = 255
_SEEN: Final = 24
"""Levels of brightness by which the black ground of a see-through picture must differ to be looked at."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The frames to look at, the size of the file's first one, and how many frames the file has.

    A see-through frame stands on white, and once more on black where that shows something else.
    """

    frames: tuple[Pixels, ...]
    width: int
    height: int
    total: int = 1
    seen: int = 1

    @property
    def sampled(self) -> bool:
        """Whether some frames of a moving picture were not looked at."""
        return self.seen < self.total


def require_pillow() -> Any:
    """Pillow's Image module; ModelUnavailable says how to install it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ModelUnavailable("Pillow is not installed: pip install 'headgate[vision]'") from error
    Image.init()  # all readers: those that are registered late are not when only some formats are allowed
    return Image


def decode(data: bytes, *, bounds: Bounds = DEFAULT) -> Picture | Unjudged:
    """The picture, turned as its EXIF says; Unjudged with a reason otherwise. Raises ModelUnavailable without Pillow.

    The header alone decides about size: nothing is unpacked before its pixels are counted.
    """
    image = require_pillow()
    if not data:
        return Unjudged(reason="not_decodable", detail="the image is empty")
    if len(data) > bounds.bytes:
        return Unjudged(reason="too_large", detail=f"more than {bounds.bytes} bytes")
    if data[:512].lstrip().lower().startswith(_MARKUP):
        return Unjudged(reason="unsupported_format", detail="a drawing in markup (SVG) is not rendered here")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is bounded here anyway
            with image.open(io.BytesIO(data), formats=[one for one in FORMATS if one in image.OPEN]) as opened:
                return _picture(opened, bounds)
    except image.UnidentifiedImageError:
        return Unjudged(reason="unsupported_format", detail=f"none of {', '.join(FORMATS)}")
    except image.DecompressionBombError:
        return Unjudged(reason="too_large", detail=f"more than {bounds.pixels} pixels")
    except _BROKEN as error:
        return Unjudged(reason="not_decodable", detail=type(error).__name__)


def _picture(opened: Opened, bounds: Bounds) -> Picture | Unjudged:
    width, height = opened.size
    if width * height > bounds.pixels:
        return Unjudged(reason="too_large", detail=f"more than {bounds.pixels} pixels")
    total = int(getattr(opened, "n_frames", 1))
    if total == 1 and opened.format == "JPEG":
        opened.draft("RGB", (bounds.side, bounds.side))  # a JPEG is scaled down while it is read
    frames: list[Pixels] = []
    places = evenly(total, most=bounds.frames)
    for at in places:
        if total > 1:
            opened.seek(at)
        if opened.width * opened.height > bounds.pixels:
            return Unjudged(reason="too_large", detail=f"more than {bounds.pixels} pixels")
        frames += _grounds(_upright(opened), side=bounds.side)
    return Picture(frames=tuple(frames), width=width, height=height, total=total, seen=len(places))


def evenly(total: int, *, most: int) -> Sequence[int]:
    """At most `most` positions of 0..total-1, first and last among them."""
    if total <= most:
        return range(total)
    return sorted({round(at * (total - 1) / (most - 1)) for at in range(most)}) if most > 1 else [0]


def _upright(opened: Opened) -> Opened:
    from PIL import ImageOps

    return ImageOps.exif_transpose(opened) or opened


def _grounds(frame: Opened, *, side: int) -> Iterator[Pixels]:
    frame = _eight_bit(frame)
    scale = side / max(frame.size)
    if scale < 1:
        smaller = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
        frame = frame.convert("RGBA" if _see_through(frame) else "RGB").resize(smaller, reducing_gap=2.0)
    if not _see_through(frame):
        yield np.asarray(frame.convert("RGB"))
        return
    layers = np.asarray(frame.convert("RGBA"), dtype=np.uint16)
    colours, alpha = layers[..., :3], layers[..., 3:]
    dark = colours * alpha // _WHITE
    bright = dark + (_WHITE - alpha)
    yield bright.astype(np.uint8)
    if int((_WHITE - alpha).max()) >= _SEEN:
        yield dark.astype(np.uint8)


def _see_through(frame: Opened) -> bool:
    return frame.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in frame.info


def _eight_bit(frame: Opened) -> Opened:
    """Deep greys scaled to 0..255 over the range that they use: converting alone would clip them."""
    if frame.mode not in ("I", "F", "I;16", "I;16B", "I;16L", "I;16N"):
        return frame
    from PIL import Image

    values = np.nan_to_num(np.asarray(frame, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    grey = (values - low) * (_WHITE / (high - low)) if high > low else np.zeros_like(values)
    return Image.fromarray(grey.astype(np.uint8))
