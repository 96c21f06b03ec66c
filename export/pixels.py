"""How a checkpoint prepares images, read from the file that transformers writes beside its weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

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


Channels: TypeAlias = Annotated[list[float], Meta(min_length=3, max_length=3)]
Deviations: TypeAlias = Annotated[list[Annotated[float, Meta(gt=0)]], Meta(min_length=3, max_length=3)]
Size: TypeAlias = int | dict[str, int | None]
"""A side, as older files have it, or sides by name."""


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """What the file says of images; a null stands for what the architecture usually does."""

    do_resize: bool | None = None
    do_rescale: bool | None = None
    do_normalize: bool | None = None
    do_center_crop: bool | None = None
    image_mean: Channels | None = None
    image_std: Deviations | None = None
    rescale_factor: Annotated[float, Meta(gt=0)] | None = None
    resample: Literal[0, 1, 2, 3, 4, 5] | None = None
    size: Size | None = None
    crop_size: Size | None = None


class _Both(msgspec.Struct, frozen=True):
    """A file of images and texts together."""

    image_processor: _Held


class _Which(msgspec.Struct, frozen=True):
    image_processor: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def pixels(folder: Path, config: Any) -> Pixels:
    """What the checkpoint's processor does to an image, for a network that reads squares of its `image_size`.

    Raises ConfigError where the file is missing or malformed, or asks for what a graph of one size cannot be fed with.
    """
    size = int(getattr(config, "vision_config", config).image_size)
    usual = _USUAL.get(str(config.model_type), _Usual())
    path = _path(folder)
    held = _held(path)
    if held.do_resize is False:
        raise ConfigError(f"{path}: do_resize is false, and images come in every size")
    normal = held.do_normalize is not False
    resample = usual.resample if held.resample is None else held.resample
    crops = usual.crops if held.do_center_crop is None else held.do_center_crop
    return Pixels(
        height=size,
        width=size,
        mean=_channels(held.image_mean or usual.mean) if normal else (0.0, 0.0, 0.0),
        std=_channels(held.image_std or usual.std) if normal else (1.0, 1.0, 1.0),
        rescale=1.0 if held.do_rescale is False else held.rescale_factor or 1 / 255,
        resample=_RESAMPLE[resample],
        shortest=_shortest(held, size, crops=crops, path=path),
    )


def _path(folder: Path) -> Path:
    for name in (FILE, _NEWER):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(f"{folder / FILE}: missing; it says how an image becomes numbers")


def _held(path: Path) -> _Held:
    try:
        data = path.read_bytes()
        if msgspec.json.decode(data, type=_Which).image_processor is msgspec.UNSET:
            return msgspec.json.decode(data, type=_Held)
        return msgspec.json.decode(data, type=_Both).image_processor
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: {error}; take the file from the checkpoint that is exported") from error


def _channels(values: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return (red, green, blue)


def _shortest(held: _Held, size: int, *, crops: bool, path: Path) -> int:
    """The length of the shorter side before the middle is cut out; 0 where the whole image is made a square."""
    # Older files have a number in place of each mapping.
    names = ("shortest_edge",) if crops else ("height", "width")
    wanted = _sides(size if held.size is None else held.size, *names)
    cut = _sides(held.crop_size if crops and held.crop_size is not None else size, "height", "width")
    edge = wanted.get("shortest_edge")
    made = cut if edge is not None and crops else wanted
    if made != {"height": size, "width": size} or (edge or size) < size or "longest_edge" in wanted:
        raise ConfigError(f"{path}: size {wanted} does not give the {size} × {size} pixels that the network reads")
    return edge or 0


def _sides(given: Size, *names: str) -> dict[str, int]:
    if isinstance(given, int):
        return dict.fromkeys(names, given)
    return {name: side for name, side in given.items() if side is not None}
