"""Videos for tests, made with PyAV."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from PIL import Image


def clip(
    pictures: Sequence[Image.Image], *, rate: int = 4, each: int = 4, sound: bool = False, kind: str = "mp4"
) -> bytes:
    """Each picture for `each` frames, at `rate` frames a second."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        stream: Any = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *pictures[0].size, "yuv420p"
        stream.bit_rate = 4_000_000
        tone: Any = container.add_stream("aac", rate=16000, layout="mono") if sound else None
        for picture in pictures:
            for _ in range(each):
                frame = av.VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            hum = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
            hum.sample_rate = 16000
            container.mux(tone.encode(hum))
            container.mux(tone.encode())
    return out.getvalue()
