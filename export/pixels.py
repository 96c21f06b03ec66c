"""How a checkpoint prepares images, read from the file that transformers writes beside its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ..models.errors import ConfigError
from ..models.exported import Pixels

FILE: Final = "preprocessor_config.json"
_NEWER: Final = "processor_config.json"
"""Of a processor for images and texts together, with the images' part under `image_processor`."""

_RESAMPLE: Final = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
_HALVES: Final = (0.5, 0.5, 0.5)


class _Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What an architecture's processor does where its file is silent."""

    mean: tuple[float, ...] = _HALVES
    std: tuple[float, ...] = _HALVES
    resample: int = 3
    crops: bool = False


_USUAL: Final = {
    "vit": _Usual(resample=2),
    "siglip": _Usual(),
    "clip": _Usual(
        mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711), crops=True
    ),
}  # fmt: skip


def pixels(folder: Path, config: Any) -> Pixels:
    """What the checkpoint's processor does to an image, for a network that reads squares of its `image_size`.

    Raises ConfigError where the file is missing, or asks for what a graph of one size cannot be fed with.
    """
    size = int(getattr(config, "vision_config", config).image_size)
    usual = _USUAL.get(str(config.model_type), _Usual())
    held = _held(folder)
    if not held.get("do_resize", True):
        raise ConfigError(f"{folder / FILE}: do_resize is false, and images come in every size")
    scaled, normal = held.get("do_rescale", True), held.get("do_normalize", True)
    return Pixels(
        height=size,
        width=size,
        mean=_channels(held.get("image_mean", usual.mean)) if normal else (0.0, 0.0, 0.0),
        std=_channels(held.get("image_std", usual.std)) if normal else (1.0, 1.0, 1.0),
        rescale=float(held.get("rescale_factor", 1 / 255)) if scaled else 1.0,
        resample=_RESAMPLE.get(held.get("resample", usual.resample), "bilinear"),
        shortest=_shortest(held, size, crops=bool(held.get("do_center_crop", usual.crops)), path=folder / FILE),
    )


def _held(folder: Path) -> Mapping[str, Any]:
    for name in (FILE, _NEWER):
        if (folder / name).is_file():
            found: dict[str, Any] = json.loads((folder / name).read_text("utf-8"))
            # A null stands for what the architecture usually does.
            return {key: value for key, value in found.get("image_processor", found).items() if value is not None}
    raise ConfigError(f"{folder / FILE}: missing; it says how an image becomes numbers")


def _channels(values: Any) -> tuple[float, float, float]:
    red, green, blue = values
    return (float(red), float(green), float(blue))


def _shortest(held: Mapping[str, Any], size: int, *, crops: bool, path: Path) -> int:
    """The length of the shorter side before the middle is cut out; 0 where the whole image is made a square."""
    # Older files have a number in place of each mapping.
    wanted = held.get("size", {"shortest_edge": size} if crops else size)
    if not isinstance(wanted, Mapping):
        wanted = {"shortest_edge": wanted} if crops else {"height": wanted, "width": wanted}
    cut = held.get("crop_size", size) if crops else size
    cut = cut if isinstance(cut, Mapping) else {"height": cut, "width": cut}
    edge = wanted.get("shortest_edge")
    made = dict(cut) if edge is not None and crops else dict(wanted)
    if made != {"height": size, "width": size} or (edge or size) < size or "longest_edge" in wanted:
        raise ConfigError(
            f"{path}: size {dict(wanted)} does not give the {size} × {size} pixels that the network reads"
        )
    return int(edge or 0)
