from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from headgate.models.assemble import assemble  # noqa: E402
from headgate.models.assessment import Assessed  # noqa: E402
from headgate.models.content import Image  # noqa: E402
from headgate.models.errors import ConfigError  # noqa: E402
from headgate.models.train.vision_recipe import (  # noqa: E402
    Recipe,
    VisionRow,
    beavertails_v,
    safesora,
    train,
    write,
)

from ..vision.encoders import write_encoder  # noqa: E402
from ..vision.pictures import file, page  # noqa: E402

LIGHT, DARK = np.array([1, 0], np.float32), np.array([-1, 0], np.float32)
IMAGES = Recipe(kind="image", taxonomy="BTV", epochs=60, batch=8, rate=0.01, hidden=16)
VIDEOS = Recipe(kind="video", taxonomy="SS", frames=2, epochs=3, batch=8, rate=0.01, hidden=16, layers=1)


def row(seen: np.ndarray, *, frames: int = 1, **more: object) -> VisionRow:
    return VisionRow(frames=np.stack([seen] * frames), prompt=np.zeros(2, np.float32), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def guard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image guard for which dark pictures are severe."""
    folder = write_encoder(tmp_path_factory.mktemp("guard"))
    harmful = row(DARK, unsafe=1.0, labels=("horror_and_gore",), severity=3)
    head = train([harmful, row(LIGHT, unsafe=0.0, severity=0)] * 8, IMAGES)
    write(head, IMAGES, folder, name="gore", licence="CC0-1.0")
    return folder


def shown(value: int) -> Image:
    return Image(data=file(page([], size=(8, 8)).point(lambda _: value)))


def test_what_was_trained_judges_images_by_what_it_learnt(guard: Path) -> None:
    (judge,) = assemble({"use": str(guard)})
    dark, light = judge.assess([shown(0), shown(255)])
    assert isinstance(dark, Assessed)
    assert isinstance(light, Assessed)
    assert dark.unsafe > 0.8 > 0.2 > light.unsafe
    assert dark.severity is not None
    assert dark.severity[3] > 0.5
    assert judge.kinds == {"image"}


def test_the_same_rows_and_recipe_give_the_same_head() -> None:
    rows = [row(DARK, frames=2, unsafe=1.0, labels=("violence",)), row(LIGHT, frames=2, unsafe=0.0)]
    frames, prompt = torch.randn(1, 2, 2), torch.randn(1, 2)
    assert torch.equal(train(rows, VIDEOS)(frames, prompt), train(rows, VIDEOS)(frames, prompt))


def test_nothing_to_train_on_is_told() -> None:
    with pytest.raises(ConfigError):
        train([], IMAGES)


def test_published_rows_are_read_with_their_severity_and_labels() -> None:
    vectors = {"frames": LIGHT[np.newaxis], "prompt": DARK}
    found = beavertails_v({"category": "animal_abuse", "image_severity": 2}, **vectors)
    assert (found.unsafe, found.labels, found.severity) == (1.0, ("animal_abuse",), 2)
    film = safesora({"is_safe": False, "video_labels": {"violence": True, "porn": False}}, **vectors)
    assert (film.unsafe, film.labels) == (1.0, ("violence",))
    assert safesora({"is_safe": True, "video_labels": ["safe"]}, **vectors).unsafe == 0.0
    with pytest.raises(ConfigError, match="no category"):
        beavertails_v({"category": "kittens"}, **vectors)
    with pytest.raises(ConfigError, match="no label"):
        safesora({"is_safe": False, "video_labels": ["kittens"]}, **vectors)
