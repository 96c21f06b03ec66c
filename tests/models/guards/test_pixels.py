import base64
import io

import numpy as np
import pytest

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
    assert found.shape == (3, 2, 2)
    np.testing.assert_allclose(found[:, 0, 0], [1, -1, 1], atol=1e-6)


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
    np.testing.assert_allclose(pixels_of(Image(data=data), frame), expected, atol=1e-5)


def test_what_the_middle_says_little_about_is_unjudged():
    frame = Pixels(height=2, width=2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), shortest=2)
    found = pixels_of(Image(data=picture("red", size=(100, 3))), frame)
    assert isinstance(found, Unjudged)
    assert found.reason == "too_narrow"
    assert isinstance(pixels_of(Image(data=picture("red", size=(12, 3))), frame), np.ndarray)


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
