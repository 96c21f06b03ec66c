import base64
import io
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Image
from headgate.models.exported import Pixels
from headgate.models.guards import pixels
from headgate.models.guards.encoder_judge import EncoderJudge
from headgate.models.guards.falconsai_nsfw import GUARD
from headgate.models.guards.pixels import pixels_of

from .graphs import pixel_graph, write_manifest

Pictures = pytest.importorskip("PIL.Image")
FRAME = Pixels(height=2, width=2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def picture(colour, *, size=(4, 4), form: str = "PNG", frames: int = 1) -> bytes:
    out = io.BytesIO()
    first = Pictures.new("RGB", size, colour)
    others = [Pictures.new("RGB", size, (frame, 0, 0)) for frame in range(1, frames)]
    first.save(out, form, **({"save_all": True, "append_images": others} if frames > 1 else {}))
    return out.getvalue()


def test_channels_are_scaled_to_minus_one_and_one():
    found = pixels_of(Image(data=picture((255, 0, 255))), FRAME)
    assert isinstance(found, np.ndarray)
    assert found.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(found[0, :, 0, 0], [1, -1, 1], atol=1e-6)


def test_an_image_by_its_data_url_is_the_same():
    data = picture((10, 20, 30), form="JPEG")
    url = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    np.testing.assert_array_equal(pixels_of(Image(url=url), FRAME), pixels_of(Image(data=data), FRAME))


def sketch(width: int, height: int) -> bytes:
    """A picture that is nowhere the same, so that another cut or scale shows."""
    drawn = np.random.default_rng(width * 1000 + height).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Pictures.fromarray(drawn).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(("width", "height"), [(40, 30), (31, 57), (64, 16), (32, 32), (7, 5), (33, 90)])
def test_the_middle_is_cut_out_as_transformers_does_for_clip(width: int, height: int):
    transformers = pytest.importorskip("transformers")
    # The one that needs no torchvision.
    processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    frame = Pixels(
        height=32, width=32, mean=processor.image_mean, std=processor.image_std, resample="bicubic", shortest=32
    )
    data = sketch(width, height)
    expected = processor(Pictures.open(io.BytesIO(data)), return_tensors="np")["pixel_values"][0]
    found = pixels_of(Image(data=data), frame)
    assert isinstance(found, np.ndarray)
    assert len(found) == 1 if max(width, height) <= min(width, height) * 4 / 3 else len(found) in (3, 5)
    np.testing.assert_allclose(found[len(found) // 2], expected, atol=1e-5)


CROPPED = Pixels(height=8, width=8, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), shortest=8)


def test_a_very_long_picture_is_unjudged():
    found = pixels_of(Image(data=picture("red", size=(100, 3))), CROPPED)
    assert isinstance(found, Unjudged)
    assert found.reason == "too_narrow"


@given(longer=st.integers(8, 32), side=st.sampled_from([6, 8]), upright=st.booleans())
def test_squares_overlap_from_end_to_end_of_what_is_longer_than_four_to_three(longer: int, side: int, upright: bool):
    ramp = np.repeat(np.arange(longer, dtype=np.uint8)[:, np.newaxis], 8, axis=1)
    shown = Pictures.fromarray(ramp if upright else ramp.T).convert("RGB")
    out = io.BytesIO()
    shown.save(out, "PNG")
    frame = Pixels(height=side, width=side, mean=CROPPED.mean, std=CROPPED.std, shortest=8, resample="nearest")
    found = pixels_of(Image(data=out.getvalue()), frame)
    assert isinstance(found, np.ndarray)
    lines = [np.rint(one[0, :, 0] if upright else one[0, 0]).astype(int) for one in found * np.float32(255)]
    assert len(found) % 2 == 1
    if longer <= side * 4 / 3:
        assert len(found) == 1
    else:
        assert (lines[0][0], lines[-1][-1]) == (0, longer - 1)
        assert all(one[-1] - other[0] + 1 >= side // 5 for one, other in itertools.pairwise(lines))


@pytest.mark.parametrize("place", ["left", "middle", "right"])
def test_what_stands_at_an_end_of_a_long_picture_is_seen(tmp_path, place: str):
    shown = Pictures.new("RGB", (24, 8), "black")
    shown.paste("red", {"left": (0, 0, 8, 8), "middle": (8, 0, 16, 8), "right": (16, 0, 24, 8)}[place])
    out = io.BytesIO()
    shown.save(out, "PNG")
    pixel_graph(tmp_path / "model.onnx")
    frame = Pixels(height=2, width=2, mean=FRAME.mean, std=FRAME.std, shortest=2)
    judge = EncoderJudge.load(GUARD, write_manifest(tmp_path, ["normal", "nsfw"], pixels=frame))
    [found] = judge.assess([Image(data=out.getvalue())])
    assert isinstance(found, Assessed)
    assert found.unsafe > 0.9


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (Image(data=b"no picture"), "not_decodable"),
        (Image(data=picture("red")[:40]), "not_decodable"),
        (Image(url="data:image/png;base64,%%%"), "not_decodable"),
        (Image(url="data:image/svg+xml,<svg/>"), "not_decodable"),
        (Image(data=picture("red", form="GIF", frames=3)), "animated"),
    ],
)
def test_what_cannot_be_seen_whole_is_unjudged(image: Image, reason: str):
    found = pixels_of(image, FRAME)
    assert isinstance(found, Unjudged)
    assert found.reason == reason


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pixels, "MAX_PIXELS", 15)
    found = pixels_of(Image(data=picture("red")), FRAME)
    assert isinstance(found, Unjudged)
    assert found.reason == "too_large"


def test_a_vision_classifier_sees_them(tmp_path):
    pixel_graph(tmp_path / "model.onnx")
    judge = EncoderJudge.load(GUARD, write_manifest(tmp_path, ["normal", "nsfw"], pixels=FRAME))
    red, black, broken = judge.assess([Image(data=picture("red")), Image(data=picture("black")), Image(data=b"x")])
    assert judge.kinds == {"image"}
    assert isinstance(red, Assessed)
    assert red.unsafe > 0.99
    assert isinstance(black, Assessed)
    assert black.unsafe < 0.01
    assert isinstance(broken, Unjudged)
