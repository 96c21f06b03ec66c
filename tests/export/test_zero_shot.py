import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from headgate.export.onnx import run_graph  # noqa: E402
from headgate.export.zero_shot import write_zero_shot  # noqa: E402
from headgate.models.assessment import Assessed  # noqa: E402
from headgate.models.content import Image  # noqa: E402
from headgate.models.errors import ConfigError  # noqa: E402
from headgate.models.guards.pixels import pixels_of  # noqa: E402
from headgate.models.zero_shot import TextVectors, ZeroShot, unit  # noqa: E402

from .checkpoints import TOKENS, VISION, WIDTH, tokenizer  # noqa: E402


def pixel() -> bytes:
    out = io.BytesIO()
    Pictures.new("RGB", (8, 8), "green").save(out, format="PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("siglip")
    torch.manual_seed(3)
    text = WIDTH | TOKENS | {"max_position_embeddings": 16}
    config = transformers.SiglipConfig(vision_config=VISION, text_config=text)
    transformers.SiglipModel(config).save_pretrained(folder)
    tokenizer("llama").save(str(folder / "tokenizer.json"))
    frame = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(frame))
    return folder


def test_a_checkpoint_becomes_a_classifier_that_agrees_with_it(checkpoint: Path, tmp_path: Path) -> None:
    card = write_zero_shot(checkpoint, tmp_path / "out", name="eyes", licence="apache-2.0")
    assert (card.activation, card.length, set(card.files)) == (
        "sigmoid", 16, {"image.onnx", "text.onnx", "tokenizer.json"},
    )  # fmt: skip
    words = TextVectors(tmp_path / "out", card)
    model = transformers.SiglipModel.from_pretrained(checkpoint).eval()
    made = tokenizer("llama")
    made.enable_truncation(16)
    made.enable_padding(length=16, pad_id=0)
    with torch.no_grad():
        found = model.get_text_features(input_ids=torch.tensor([made.encode("a green book").ids]))
    expected = found if isinstance(found, torch.Tensor) else found.pooler_output
    np.testing.assert_allclose(words.of(["a green book"]), unit(expected.numpy()), atol=1e-3)
    eyes = ZeroShot.load(tmp_path / "out", labels={"a green book": "none", "a boat at dawn": "weapons"})
    (seen,) = eyes.assess([Image(data=pixel())])
    assert isinstance(seen, Assessed)
    assert seen.categories["weapons"] is not None


def test_clip_sees_a_picture_as_its_own_processor_prepares_it(tmp_path: Path) -> None:
    torch.manual_seed(5)
    vision = VISION | {"projection_dim": 16}
    text = WIDTH | TOKENS | {"max_position_embeddings": 16, "projection_dim": 16}
    config = transformers.CLIPConfig(vision_config=vision, text_config=text, projection_dim=16)
    model = transformers.CLIPModel(config).eval()
    model.save_pretrained(tmp_path / "clip")
    processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor.save_pretrained(tmp_path / "clip")
    tokenizer("llama").save(str(tmp_path / "clip" / "tokenizer.json"))
    card = write_zero_shot(tmp_path / "clip", tmp_path / "out")
    assert card.pixels.shortest == 32
    drawn = np.random.default_rng(2).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    shown, out = Pictures.fromarray(drawn), io.BytesIO()
    shown.save(out, "PNG")
    with torch.no_grad():
        found = model.get_image_features(**processor(shown, return_tensors="pt"))
    expected = found if isinstance(found, torch.Tensor) else found.pooler_output
    frame = pixels_of(Image(data=out.getvalue()), card.pixels)
    assert isinstance(frame, np.ndarray)
    eyes = run_graph(tmp_path / "out" / "image.onnx")
    np.testing.assert_allclose(eyes({"pixel_values": frame[len(frame) // 2][np.newaxis]}), expected.numpy(), atol=1e-4)


def test_another_kind_of_checkpoint_is_refused(tmp_path: Path) -> None:
    transformers.BertConfig(**WIDTH).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match="bert is none of siglip, clip"):
        write_zero_shot(tmp_path, tmp_path / "out")
