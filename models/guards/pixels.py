"""An image as a vision classifier's input: decoded within bounds, scaled, normalised. Pillow is imported here alone."""

from __future__ import annotations

import base64
import binascii
import io
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
"""Lengths of its shorter side that a picture may be long where only its middle is seen; a longer one is unjudged."""

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


def pixels_of(part: Image, frame: Pixels) -> npt.NDArray[np.float32] | Unjudged:
    """[3, height, width]; Unjudged where the bytes are no image, too large or narrow, or move.

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
    return np.ascontiguousarray(values.transpose(2, 0, 1))


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
                return Unjudged(reason="too_narrow", detail="the model would see less than a quarter of it")
            return np.asarray(_framed(picture.convert("RGB"), frame), dtype=np.float32)
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, MemoryError, struct.error) as error:
        # What Pillow's decoders raise for broken files.
        return Unjudged(reason="not_decodable", detail=type(error).__name__)
    except Pictures.DecompressionBombError:
        return Unjudged(reason="too_large", detail="a decompression bomb")


def _framed(picture: Any, frame: Pixels) -> Any:
    """The picture at the frame's size; rounded as transformers does it."""
    if not frame.shortest:
        return picture.resize((frame.width, frame.height), _filter(frame))
    width, height = picture.size
    shorter = min(width, height)
    scaled = [frame.shortest if side == shorter else int(frame.shortest * side / shorter) for side in (width, height)]
    left, top = (scaled[0] - frame.width) // 2, (scaled[1] - frame.height) // 2
    box = (left, top, left + frame.width, top + frame.height)
    return picture.resize((scaled[0], scaled[1]), _filter(frame)).crop(box)


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
