"""An image as a vision classifier's input: decoded within bounds, scaled, normalised. Pillow is imported here alone."""

from __future__ import annotations

import base64
import binascii
import io
import math
import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..assessment import Unjudged
from ..content import Image
from ..errors import ModelUnavailable
from ..exported import Pixels

MAX_PIXELS: Final = 50_000_000
"""Pixels of a picture that is decoded; a larger one is unjudged."""

MAX_STRETCH: Final = 4
"""Lengths of its shorter side that a picture may be long where squares are cut out; a longer one is unjudged."""

ALONE: Final = 4 / 3
"""Sides of a square that a picture may be long for its middle to stand for all of it."""

STEP: Final = 0.8
"""Sides of a square from one to the next at most, so that what one cuts in two stands in another."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


def pixels_of(part: Image, frame: Pixels) -> npt.NDArray[np.float32] | Unjudged:
    """[squares, 3, height, width]; Unjudged where the bytes are no image, too large or narrow, or move.

    One square where the frame takes in the whole picture, or its middle and little else is there. Of a longer one
    they overlap from end to end, an odd number with the middle in the middle; whoever judges them takes the worst.
    Raises ModelUnavailable where Pillow is not installed.
    """
    try:
        import PIL  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable("Pillow is not installed: pip install 'headgate[vision]'") from error
    data = part.data or _decoded(part.url)
    if data is None:
        return Unjudged(reason="not_decodable", detail="the image's data URL is not base64")
    found = _small(data, frame)
    if isinstance(found, Unjudged):
        return found
    mean, std = np.array(frame.mean, dtype=np.float32), np.array(frame.std, dtype=np.float32)
    values: npt.NDArray[np.float32] = (found * np.float32(frame.rescale) - mean) / std
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _small(data: bytes, frame: Pixels) -> npt.NDArray[np.float32] | Unjudged:
    from PIL import Image as Pictures

    try:
        with Pictures.open(io.BytesIO(data), formats=_FORMATS) as picture:
            # The header alone is read by now: a bomb is refused before it is decoded.
            if picture.width * picture.height > MAX_PIXELS:
                return Unjudged(reason="too_large", detail=f"more than {MAX_PIXELS} pixels")
            if getattr(picture, "n_frames", 1) > 1:
                return Unjudged(reason="animated", detail="a moving picture: one frame does not stand for it")
            if frame.shortest and max(picture.size) > MAX_STRETCH * min(picture.size):
                return Unjudged(reason="too_narrow", detail=f"longer than {MAX_STRETCH} of its shorter side")
            squares = _framed(picture.convert("RGB"), frame)
            return np.stack([np.asarray(square, dtype=np.float32) for square in squares])
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, MemoryError, struct.error) as error:
        # What Pillow's decoders raise for broken files.
        return Unjudged(reason="not_decodable", detail=type(error).__name__)
    except Pictures.DecompressionBombError:
        return Unjudged(reason="too_large", detail="a decompression bomb")


def _framed(picture: Any, frame: Pixels) -> list[Any]:
    """The picture at the frame's size, or the squares of that size in it; rounded as transformers does it."""
    if not frame.shortest:
        return [picture.resize((frame.width, frame.height), _filter(frame))]
    shorter = min(picture.size)
    width, height = (
        frame.shortest if side == shorter else int(frame.shortest * side / shorter) for side in picture.size
    )
    scaled = picture.resize((width, height), _filter(frame))
    return [
        scaled.crop((left, top, left + frame.width, top + frame.height))
        for top in _starts(height, frame.height)
        for left in _starts(width, frame.width)
    ]


def _starts(length: int, side: int) -> list[int]:
    """Where the squares begin along a length."""
    spare = length - side
    if length <= ALONE * side:
        return [spare // 2]
    gaps = 2 * math.ceil(spare / (2 * STEP * side))
    return [spare * at // gaps for at in range(gaps + 1)]


def _filter(frame: Pixels) -> Any:
    from PIL import Image as Pictures

    return getattr(Pictures.Resampling, frame.resample.upper(), Pictures.Resampling.BILINEAR)


def _decoded(url: str) -> bytes | None:
    head, _, body = url.partition(",")
    if not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return None
