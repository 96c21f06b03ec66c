from pathlib import Path

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from headgate.models.assemble import FUSED
from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Image, Text, Video
from headgate.models.crosswalk import labels
from headgate.models.errors import DigestMismatch, ModelUnavailable
from headgate.models.fused import FusedCard, FusedGuard
from headgate.models.zero_shot import MANIFEST, card_of

from .vision.clips import clip
from .vision.encoders import FRAME, write_encoder
from .vision.pictures import file, page


def write_guard(folder: Path, *, kind: str, taxonomy: str, frames: int, extra: int) -> Path:
    """A head whose every column is minus the mean brightness of the frames, minus that of the prompt."""
    columns = 1 + len(labels(taxonomy)) + extra  # type: ignore[arg-type]
    weights = np.zeros((2, columns), np.float32)
    weights[0] = -4.0
    nodes = [
        helper.make_node("ReduceMean", ["frames"], ["seen"], axes=[1], keepdims=0),
        helper.make_node("Add", ["seen", "prompt"], ["both"]),
        helper.make_node("MatMul", ["both", "w"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["batch", frames, 2]),
        helper.make_tensor_value_info("prompt", TensorProto.FLOAT, ["batch", 2]),
    ]
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", columns])
    graph = helper.make_graph(nodes, "head", inputs, [out], [numpy_helper.from_array(weights, "w")])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(folder / "head.onnx"))
    write_encoder(folder)
    card = FusedCard.of(folder, name="g", licence="CC0-1.0", kind=kind, taxonomy=taxonomy, frames=frames)  # type: ignore[arg-type]
    (folder / FUSED).write_bytes(msgspec.json.encode(card))
    return folder


def assessed(found: object) -> Assessed:
    assert isinstance(found, Assessed), found
    return found


DARK, LIGHT = page([], size=(64, 48)).point(lambda v: 0), page([], size=(64, 48))


def test_an_image_and_its_words_are_judged_together(tmp_path: Path) -> None:
    guard = FusedGuard.load(write_guard(tmp_path, kind="image", taxonomy="BTV", frames=1, extra=3))
    dark, light = (assessed(one) for one in guard.assess([Image(data=file(DARK)), Image(data=file(LIGHT))]))
    assert dark.unsafe > 0.95
    assert light.unsafe < 0.05
    assert dark.severity is not None
    assert dark.severity[3] > 0.9
    asked = guard.assess([Image(data=file(DARK), context="bright")])[0]
    assert assessed(asked).unsafe == pytest.approx(0.5)
    assert guard.kinds == {"image"}
    assert "animal_abuse" in guard.covers


def test_the_worst_square_of_a_long_image_or_frame_counts(tmp_path: Path) -> None:
    strip = page([], size=(144, 48))
    strip.paste("black", (96, 0, 144, 48))
    for kind, taxonomy, part in (
        ("image", "BTV", Image(data=file(strip))), ("video", "SS", Video(data=clip([strip], each=8))),
    ):  # fmt: skip
        folder = tmp_path / kind
        folder.mkdir()
        write_guard(folder, kind=kind, taxonomy=taxonomy, frames=1, extra=0)
        cut = msgspec.structs.replace(card_of(folder), pixels=msgspec.structs.replace(FRAME, shortest=2))
        (folder / MANIFEST).write_bytes(msgspec.json.encode(cut))
        card = FusedCard.of(folder, name="g", licence="CC0-1.0", kind=kind, taxonomy=taxonomy, frames=1)  # type: ignore[arg-type]
        (folder / FUSED).write_bytes(msgspec.json.encode(card))
        assert assessed(FusedGuard.load(folder).assess([part])[0]).unsafe > 0.9


def test_a_video_is_judged_by_evenly_chosen_frames(tmp_path: Path) -> None:
    guard = FusedGuard.load(write_guard(tmp_path, kind="video", taxonomy="SS", frames=4, extra=0))
    dark, half, short = guard.assess(
        [Video(data=clip([DARK], each=8)), Video(data=clip([DARK, LIGHT], each=8)), Video(data=clip([DARK], each=1))]
    )
    assert assessed(dark).unsafe > 0.95
    assert 0.2 < assessed(half).unsafe < 0.8
    assert assessed(short).unsafe > 0.95
    assert assessed(dark).severity is None


@pytest.mark.parametrize("part", [Text(text="x"), Video(data=b"x"), Image(data=b"nothing")])
def test_what_it_cannot_see_is_unjudged(tmp_path: Path, part: Text | Image | Video) -> None:
    guard = FusedGuard.load(write_guard(tmp_path, kind="image", taxonomy="BTV", frames=1, extra=3))
    assert isinstance(guard.assess([part])[0], Unjudged)


def test_a_folder_that_is_none_or_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"no fused\.json"):
        FusedGuard.load(tmp_path)
    write_guard(tmp_path, kind="image", taxonomy="BTV", frames=1, extra=3)
    (tmp_path / "head.onnx").write_bytes(b"other")
    with pytest.raises(DigestMismatch):
        FusedGuard.load(tmp_path)
