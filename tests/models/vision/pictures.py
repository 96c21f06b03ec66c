"""Pictures for tests: text on paper, noise, and files of many kinds."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def page(rows: Sequence[str], *, size: tuple[int, int] = (640, 320), height: int = 40) -> Image.Image:
    """Black words on white."""
    picture = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=height)
    for row, text in enumerate(rows):
        pen.text((16, 16 + row * (height + 16)), text, fill="black", font=font)
    return picture


def smooth(*, size: tuple[int, int] = (320, 240), seed: int = 0) -> Image.Image:
    """A picture with large soft shapes and no words."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def detailed(*, size: tuple[int, int] = (256, 256), seed: int = 0) -> Image.Image:
    """A picture with shapes of many sizes, as photographs have them."""
    mixed = np.random.default_rng(seed)
    layers = [mixed.normal(0, 60 / cells, (cells, cells, 3)) * 6 for cells in (3, 6, 12, 24)]
    grown = [np.kron(layer, np.ones((48 // len(layer), 48 // len(layer), 1))) for layer in layers]
    picture = np.clip(128 + sum(grown), 0, 255).astype(np.uint8)
    return Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)


def file(picture: Image.Image, kind: str = "PNG", **more: Any) -> bytes:
    """The picture as a file."""
    out = io.BytesIO()
    picture.save(out, format=kind, **more)
    return out.getvalue()


def pixels(picture: Image.Image) -> np.ndarray[Any, Any]:
    """[height, width, 3]."""
    return np.asarray(picture.convert("RGB"))
