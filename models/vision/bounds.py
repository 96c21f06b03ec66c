"""How large a picture may be before it is left unjudged, and how far a larger one is scaled down."""

from __future__ import annotations

import msgspec


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one image file: its bytes, the pixels of a frame, and how many frames are looked at.

    A picture whose longer side exceeds `side` is scaled down to it; every other limit makes the image unjudged, save
    that of a moving picture `frames` are taken evenly and the rest is reported.
    """

    bytes: int = 32 << 20
    pixels: int = 50_000_000
    frames: int = 8
    side: int = 2560


DEFAULT = Bounds()
