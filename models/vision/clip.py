"""The moments of a video that are worth a look: where the scene changes, and one every so often, within bounds."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from ..assessment import Unjudged
from ..errors import ModelUnavailable
from .decode import Pixels

_THUMB: Final = (32, 18)
_BROKEN: Final = (OSError, ValueError, ArithmeticError, LookupError, MemoryError, EOFError)


class ClipBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one video.

    `seconds` are watched from the start and `moments` looked at; of what comes after, `later` moments are taken evenly.
    `step` and `every` are in seconds: how often a scene may change, and the longest time that nobody looks. `change` is
    the mean difference of brightness, 0..255, that makes a new scene. `decoded` bounds frames of any rate.
    """

    bytes: int = 256 << 20
    pixels: int = 4096 * 2304
    seconds: float = 120.0
    moments: int = 64
    later: int = 16
    step: float = 0.25
    every: float = 2.0
    change: float = 14.0
    decoded: int = 12_000
    streams: int = 32
    side: int = 1280


DEFAULT: Final = ClipBounds()


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A frame and its time in seconds from the start."""

    time: float
    frame: Pixels


class Clip:
    """A video being watched: `moments` gives frames one by one; what is known of it stands here when they have ended.

    `duration` in seconds; `left_out`: not every scene was looked at; `audio`: there is sound that nobody judges.
    """

    def __init__(self, data: bytes, *, bounds: ClipBounds = DEFAULT) -> None:
        self.duration = 0.0
        self.left_out = False
        self.audio = False
        self.fault: Unjudged | None = None
        self._data = data
        self._bounds = bounds

    def moments(self) -> Iterator[Moment]:
        """The moments in order; ends early with `fault` where the file is broken. ModelUnavailable without PyAV."""
        library = _pyav()
        if not self._data or len(self._data) > self._bounds.bytes:
            reason, detail = ("too_large", "too many bytes") if self._data else ("not_decodable", "the video is empty")
            self.fault = Unjudged(reason=reason, detail=detail)
            return
        seen = 0
        try:
            with library.open(io.BytesIO(self._data), metadata_errors="ignore") as container:
                for moment in self._watched(container):
                    seen += 1
                    yield moment
        except (*_BROKEN, library.error.FFmpegError) as error:
            self.fault = Unjudged(reason="not_decodable", detail=type(error).__name__)
            return
        if not seen and self.fault is None:
            self.fault = Unjudged(reason="not_decodable", detail="no frame could be read")

    def _watched(self, container: Any) -> Iterator[Moment]:
        self.audio = bool(container.streams.audio)
        if len(container.streams) > self._bounds.streams:
            self.fault = Unjudged(reason="too_large", detail="too many streams")
            return
        if not container.streams.video:
            self.fault = Unjudged(reason="not_decodable", detail="there is no video stream")
            return
        # Other pictures than the first stream's may be what a player shows.
        self.left_out = len(container.streams.video) > 1
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if stream.codec_context.width * stream.codec_context.height > self._bounds.pixels:
            self.fault = Unjudged(reason="too_large", detail=f"more than {self._bounds.pixels} pixels a frame")
            return
        self.duration = float(container.duration or 0) / 1_000_000
        ended = yield from self._beginning(container, stream)
        if not ended:
            self.left_out = True
            yield from self._rest(container, stream)

    def _beginning(self, container: Any, stream: Any) -> Generator[Moment, None, bool]:
        """Frame by frame; returns whether the video ended with it."""
        bounds = self._bounds
        chooser = _Chooser(bounds)
        first: float | None = None
        for number, frame in enumerate(container.decode(stream)):
            stamp = float(frame.time) if frame.time is not None else number / 25
            first = stamp if first is None else first
            time = max(0.0, stamp - first)
            self.duration = max(self.duration, time)
            if time > bounds.seconds or number >= bounds.decoded:
                return False
            if chooser.takes(frame, time):
                if chooser.taken > bounds.moments:
                    return False
                yield Moment(time=round(time, 3), frame=_pixels(frame, side=bounds.side))
        return True

    def _rest(self, container: Any, stream: Any) -> Iterator[Moment]:
        """Key frames at even distances of what was not watched."""
        start = min(self._bounds.seconds, self.duration)
        if self.duration <= start or not self._bounds.later:
            return
        last = start
        for step in range(1, self._bounds.later + 1):
            wanted = start + (self.duration - start) * step / (self._bounds.later + 1)
            container.seek(int(wanted * 1_000_000), backward=True)
            frame = next(iter(container.decode(stream)), None)
            if frame is None or frame.time is None or frame.time <= last:
                continue
            last = float(frame.time)
            yield Moment(time=round(last, 3), frame=_pixels(frame, side=self._bounds.side))


class _Chooser:
    """Takes a frame where the scene has changed, or where none was taken for long."""

    def __init__(self, bounds: ClipBounds) -> None:
        self.taken = 0
        self._bounds = bounds
        self._looked = -bounds.every
        self._last = -2 * bounds.every
        self._seen: npt.NDArray[np.int16] | None = None

    def takes(self, frame: Any, time: float) -> bool:
        if time - self._looked < self._bounds.step:
            return False
        self._looked = time
        thumb = frame.reformat(*_THUMB, format="gray").to_ndarray().astype(np.int16)
        changed = self._seen is None or float(np.abs(thumb - self._seen).mean()) >= self._bounds.change
        if not changed and time - self._last < self._bounds.every:
            return False
        self._seen, self._last = thumb, time
        self.taken += 1
        return True


def _pixels(frame: Any, *, side: int) -> Pixels:
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = max(2, round(frame.width * scale)), max(2, round(frame.height * scale))
    return np.asarray(frame.reformat(width, height, format="rgb24").to_ndarray(), dtype=np.uint8)


def _pyav() -> Any:
    try:
        import av
        import av.logging
    except ImportError as error:
        raise ModelUnavailable("videos need PyAV: pip install 'headgate[vision]'") from error
    av.logging.set_level(av.logging.PANIC)
    return av
