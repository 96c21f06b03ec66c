import io

import av
import numpy as np
import pytest
from PIL import Image as Pictures

from headgate.guard.commands.annotate_video import code, strip
from headgate.models.assessment import Severity
from headgate.models.content import Video
from headgate.models.errors import InputError
from headgate.policies.verdict import Action, Finding, Verdict

FOUND = Finding(
    category="violence", severity=Severity.SEVERE, confidence=0.9, threshold=0.5, part="videos[0]", rule="r",
    action=Action.REFUSE, times=((1.0, 2.0),),
)  # fmt: skip


def film() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=2)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((96, 160, 3), 40 * number, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


def test_frames_within_a_finding_are_framed_in_its_colour() -> None:
    data = strip(Video(data=film(), path="videos[0]"), Verdict(action=Action.REFUSE, findings=(FOUND,)))
    with Pictures.open(io.BytesIO(data)) as picture:
        values = np.asarray(picture)
    red = (values == (190, 30, 45)).all(axis=2)
    frames, line = red[:104], red[132:142]
    assert frames[:, 172:].any()
    assert not frames[:, :172].any()
    # A third to two thirds of its length, along the bar beneath.
    places = np.flatnonzero(line.any(axis=0)) / red.shape[1]
    assert 0.3 < places.min() < 0.5 < places.max() < 0.9


def test_time_codes_are_those_of_a_player() -> None:
    assert [code(seconds) for seconds in (0, 62.25, 3723.5)] == ["0:00.0", "1:02.2", "1:02:03.5"]


def test_a_broken_video_cannot_be_drawn() -> None:
    with pytest.raises(InputError, match="not_decodable"):
        strip(Video(data=b"nothing", path="videos[0]"), Verdict(action=Action.ALLOW))
