from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pictures

from headgate.export.pixels import pixels
from headgate.models.content import Image
from headgate.models.errors import ConfigError
from headgate.models.guards.pixels import pixels_of

transformers = pytest.importorskip("transformers")

PROCESSORS = {"vit": "ViTImageProcessorPil", "siglip": "SiglipImageProcessorPil", "clip": "CLIPImageProcessorPil"}
SIZES: dict[str, dict[str, Any]] = {
    "vit": {"size": {"height": 24, "width": 24}},
    "siglip": {"size": {"height": 24, "width": 24}},
    "clip": {"size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}},
}


def reads(kind: str, size: int = 24) -> Any:
    return SimpleNamespace(model_type=kind, vision_config=SimpleNamespace(image_size=size))


def holding(folder: Path, held: dict[str, Any], *, name: str = "preprocessor_config.json") -> Path:
    (folder / name).write_text(json.dumps(held))
    return folder


def picture(width: int, height: int) -> Pictures.Image:
    drawn = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Pictures.fromarray(drawn)


@pytest.mark.parametrize("changes", [{}, {"do_normalize": False}, {"do_rescale": False}, {"resample": 2}])
@pytest.mark.parametrize("kind", PROCESSORS)
def test_a_saved_processor_is_read_so_that_it_gives_the_same_numbers(
    kind: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    processor = getattr(transformers, PROCESSORS[kind])(**SIZES[kind] | changes)
    processor.save_pretrained(tmp_path)
    frame = pixels(tmp_path, reads(kind))
    for width, height in ((50, 31), (20, 24), (25, 77)):
        shown, out = picture(width, height), io.BytesIO()
        shown.save(out, "PNG")
        expected = processor(shown, return_tensors="np")["pixel_values"][0]
        found = pixels_of(Image(data=out.getvalue()), frame)
        np.testing.assert_allclose(found[len(found) // 2], expected, rtol=1e-5, atol=1e-5)


def test_the_older_form_with_numbers_for_sizes_is_understood(tmp_path: Path) -> None:
    frame = pixels(holding(tmp_path, {"size": 24, "crop_size": 24, "do_center_crop": True}), reads("clip"))
    assert (frame.shortest, frame.height, frame.resample) == (24, 24, "bicubic")
    frame = pixels(holding(tmp_path, {"size": 24}), reads("vit"))
    assert (frame.shortest, frame.height, frame.resample) == (0, 24, "bilinear")


def test_a_processor_of_images_and_texts_holds_the_images_part(tmp_path: Path) -> None:
    held = {"image_processor": {"size": {"height": 24, "width": 24}, "image_mean": [0.1, 0.2, 0.3]}}
    assert pixels(holding(tmp_path, held, name="processor_config.json"), reads("siglip")).mean == (0.1, 0.2, 0.3)


@pytest.mark.parametrize(
    "held",
    [
        {"do_resize": False},
        {"size": {"height": 16, "width": 16}},
        {"size": {"shortest_edge": 24}},
        {"size": {"shortest_edge": 24, "longest_edge": 40}, "do_center_crop": True, "crop_size": 24},
        {"size": {"shortest_edge": 24}, "do_center_crop": True, "crop_size": 16},
        {"size": {"shortest_edge": 16}, "do_center_crop": True, "crop_size": 24},
    ],
)
def test_what_a_graph_of_one_size_cannot_be_fed_with_is_refused(held: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"preprocessor_config\.json"):
        pixels(holding(tmp_path, held), reads("siglip"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "truncated"),
        ("[]", "Expected `object`"),
        ('{"image_processor": null}', "image_processor"),
        ('{"image_processor": {"image_std": [0.5, 0.5, 0]}}', r"image_processor\.image_std"),
        ('{"image_mean": [0.5]}', "image_mean"),
        ('{"image_mean": 0.5}', "image_mean"),
        ('{"resample": 9}', "resample"),
        ('{"do_resize": "yes"}', "do_resize"),
        ('{"size": "large"}', r"\$\.size"),
        ('{"rescale_factor": 0}', "rescale_factor"),
    ],
)
@pytest.mark.parametrize("name", ["preprocessor_config.json", "processor_config.json"])
def test_a_malformed_file_is_told_with_its_name_and_field(name: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=said) as told:
        pixels(tmp_path, reads("siglip"))
    assert str(tmp_path / name) in str(told.value)


def test_a_null_stands_for_what_is_usual(tmp_path: Path) -> None:
    held = {"size": {"height": 24, "width": 24, "shortest_edge": None}, "image_mean": None, "resample": None}
    assert pixels(holding(tmp_path, held), reads("vit")).resample == "bilinear"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing; it says how an image becomes numbers"):
        pixels(tmp_path, reads("clip"))
