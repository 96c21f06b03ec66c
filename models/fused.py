"""Guards that see and read together: a frozen SigLIP or CLIP, and a head over an image or a video and its prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from .assemble import FUSED
from .assessment import Assessed, Assessment, Unjudged, severity_from_cumulative
from .content import Image, Kind, Part, Video
from .crosswalk import Taxonomy, imported, labels
from .errors import ModelUnavailable
from .guards.labels import Scores, assessed
from .guards.odds import sigmoid
from .guards.pixels import pixels_of
from .manifest import FileEntry, checked_files, sha256
from .media import bytes_of
from .merge import worst
from .run_onnx import OnnxRuntime
from .video import frame_file
from .vision.clip import Clip, ClipBounds, Moment
from .vision.decode import evenly
from .zero_shot import MANIFEST, TextVectors, ZeroShotCard, card_of, unit

_FILES: Final = ("head.onnx", "image.onnx", "text.onnx", "tokenizer.json", MANIFEST)

Vectors = npt.NDArray[np.float32]


class FusedCard(msgspec.Struct, frozen=True, kw_only=True):
    """What the head reads and says: `frames` of an image (1) or a video, and labels of a taxonomy in its own order."""

    name: str
    licence: str
    kind: Literal["image", "video"]
    taxonomy: Taxonomy
    frames: int
    files: dict[str, FileEntry]

    @classmethod
    def of(
        cls, folder: Path, *, name: str, licence: str, kind: Literal["image", "video"], taxonomy: Taxonomy, frames: int
    ) -> FusedCard:
        """The card of the files that lie in a folder."""
        files = {
            one: FileEntry(sha256=sha256(folder / one), bytes=(folder / one).stat().st_size)
            for one in _FILES
            if (folder / one).is_file()
        }
        return cls(name=name, licence=licence, kind=kind, taxonomy=taxonomy, frames=frames, files=files)


class FusedGuard:
    """Judges an image or a video together with the words that came along; with none, by what it shows."""

    local: Final = True

    def __init__(self, folder: Path, card: FusedCard, eyes: ZeroShotCard, *, name: str, threads: int) -> None:
        self._card = card
        self._eyes_card = eyes
        self._name = name
        self._eyes = OnnxRuntime(folder / "image.onnx", threads=threads)
        self._head = OnnxRuntime(folder / "head.onnx", threads=threads)
        self._words = TextVectors(folder, eyes, threads=threads)
        self._labels = labels(card.taxonomy)
        meanings = [imported(card.taxonomy, label) for label in self._labels]
        self._covers = frozenset(slug for one in meanings for slug in (one.candidates or (one.primary,)))
        self._digest = hashlib.sha256(msgspec.json.encode([card, eyes], order="sorted")).hexdigest()[:16]

    @classmethod
    def load(cls, folder: Path, *, name: str = "", threads: int = 1) -> FusedGuard:
        """The guard of a folder that the recipe wrote, after every file was hashed."""
        path = folder / FUSED
        try:
            card = msgspec.json.decode(path.read_bytes(), type=FusedCard)
        except FileNotFoundError as error:
            raise ModelUnavailable(f"no {FUSED} in {folder}") from error
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise ModelUnavailable(f"{path}: {error}") from error
        checked_files(folder, card.files)
        return cls(folder, card, card_of(folder), name=name or card.name, threads=threads)

    @property
    def name(self) -> str:
        """The name of its entry."""
        return self._name

    @property
    def digest(self) -> str:
        """All graphs and what the columns mean."""
        return self._digest

    @property
    def kinds(self) -> frozenset[Kind]:
        """Images or videos."""
        return frozenset({self._card.kind})

    @property
    def covers(self) -> frozenset[str]:
        """What the taxonomy's labels can mean."""
        return self._covers

    def cost(self, part: Part) -> int:
        """The patches of its frames."""
        return 197 * self._card.frames

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, in order; raises InferenceFailed where a graph does."""
        return [self._assess(part) for part in parts]

    def _assess(self, part: Part) -> Assessment:
        if not isinstance(part, (Image, Video)) or part.__struct_config__.tag != self._card.kind:
            return Unjudged(reason="unsupported_kind", model=self._name)
        frames = [part] if isinstance(part, Image) else self._frames(part)
        if isinstance(frames, Unjudged):
            return msgspec.structs.replace(frames, model=self._name)
        pixels: list[Vectors] = []
        for frame in frames:
            found = pixels_of(frame, self._eyes_card.pixels)
            if isinstance(found, Unjudged):
                return msgspec.structs.replace(found, model=self._name)
            pixels.append(found)
        # Squares at one place of every frame go together; a frame that has fewer shows its last one again.
        places = range(max(map(len, pixels)))
        return worst([self._judged(part, np.stack([one[min(at, len(one) - 1)] for one in pixels])) for at in places])

    def _judged(self, part: Image | Video, pixels: Vectors) -> Assessed:
        seen = unit(self._eyes.feed({"pixel_values": pixels}, rows=len(pixels)))
        asked = self._words.of([part.context]) if part.context.strip() else np.zeros((1, seen.shape[1]), np.float32)
        logits = self._head.feed({"frames": seen[np.newaxis], "prompt": asked}, rows=1)[0]
        return self._read(part, logits)

    def _frames(self, part: Video) -> list[Image] | Unjudged:
        """As many frames as the head was trained on, evenly; the last one stands for those that a short clip lacks."""
        data = bytes_of(part, limit=ClipBounds().bytes)
        if isinstance(data, Unjudged):
            return data
        # Every quarter of a second counts as a scene: the head wants even distances.
        clip = Clip(data, bounds=ClipBounds(change=0.0, moments=480, side=max(self._eyes_card.pixels.width, 64)))
        moments: list[Moment] = list(clip.moments())
        if not moments:
            return clip.fault or Unjudged(reason="not_decodable", detail="no frame could be read")
        chosen = [moments[at] for at in evenly(len(moments), most=self._card.frames)]
        chosen += [chosen[-1]] * (self._card.frames - len(chosen))
        return [Image(data=frame_file(moment.frame)) for moment in chosen]

    def _read(self, part: Part, logits: Vectors) -> Assessed:
        scores = Scores(self._covers)
        for label, logit in zip(self._labels, logits[1:], strict=False):
            scores.label(self._card.taxonomy, label, sigmoid(float(logit)))
        found = assessed(part, scores, unsafe=sigmoid(float(logits[0])))
        levels = [sigmoid(float(logit)) for logit in logits[1 + len(self._labels) :]]
        severity = severity_from_cumulative(levels) if len(levels) == 3 else None
        return msgspec.structs.replace(found, severity=severity, model=self._name)
