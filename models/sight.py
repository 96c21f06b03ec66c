"""Who judges images and videos: what is installed, put around the classifiers that a program or configuration names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from .assemble import Named
from .classifier import Classifier
from .content import Kind
from .errors import ConfigError, ModelUnavailable
from .hashing.entry import HashListEntry
from .judges import Entry, Judges
from .judges_file import is_judges_file, read_judges

if TYPE_CHECKING:
    from .vision.decode import Pixels
    from .vision.ocr import Seen

NEEDED: Final = ("rapidocr", "cv2", "onnxruntime", "PIL", "av", "pdqhash")
"""What the extra `vision` brings, and a runtime."""


def sighted(classifiers: Sequence[Classifier], *, given: Named | None = None) -> tuple[Classifier, ...]:
    """The classifiers, and whoever looks at images and videos with their help, where the extra `vision` is installed.

    A program that gives classifiers themselves gets those alone. Nothing is loaded before the first image.
    """
    lists = _lists(given)
    if not all(find_spec(name) is not None for name in NEEDED):
        if lists:
            raise ModelUnavailable("known pictures need the extra vision: pip install 'headgate[vision]'")
        return tuple(classifiers)
    if _are_classifiers(given):
        return tuple(classifiers)
    # Here, so that whoever imports the package waits for no array library.
    from .hashing.known import KnownPictures
    from .image import ImageJudge
    from .video import VideoJudge

    text, visual, watching = (_reader(classifiers, kind) for kind in ("text", "image", "video"))
    known = KnownPictures.load(lists) if lists else None
    reader = f"rapidocr-{version('rapidocr')}"
    image = ImageJudge(look=seen, look_digest=reader, text=text, visual=visual, known=known)
    video = VideoJudge(look=seen, look_digest=reader, text=text, visual=visual, temporal=watching, known=known)
    # In front of what it asks itself, and behind everything else: the first that reads a kind is in charge of it.
    front = [judge for judge, asked in ((image, visual), (video, watching)) if asked is not None]
    return (*front, *classifiers, *(judge for judge in (image, video) if judge not in front))


def seen(frame: Pixels) -> Seen:
    """The text of a frame, read by the process's one engine."""
    from .vision.ocr import look
    from .vision.ocr_engine import engine

    return look(frame, engine())


def _lists(given: Named | None) -> tuple[HashListEntry, ...]:
    if isinstance(given, Mapping) and "known" in given:
        try:
            return msgspec.convert(given["known"], tuple[HashListEntry, ...])
        except msgspec.ValidationError as error:
            raise ConfigError(f"known: {error}") from error
    if isinstance(given, (str, Path)) and is_judges_file(given):
        given = read_judges(given)
    return given.known if isinstance(given, Judges) else ()


def _reader(classifiers: Sequence[Classifier], kind: Kind) -> Classifier | None:
    return next((one for one in classifiers if kind in one.kinds), None)


def _are_classifiers(given: Named | None) -> bool:
    if given is None or isinstance(given, (str, Path, Mapping, Entry, Judges)):
        return False
    every = given if isinstance(given, Sequence) else [given]
    return all(not isinstance(one, (str, Path, Mapping, Entry)) for one in every)
