from pathlib import Path

import numpy as np
import pytest

from headgate.models.assemble import assemble
from headgate.models.assessment import Assessed
from headgate.models.content import Image
from headgate.models.errors import ConfigError, DigestMismatch, ModelUnavailable
from headgate.models.zero_shot import TextVectors, ZeroShot, card_of, unit

from .vision.encoders import write_encoder
from .vision.pictures import file, page

LABELS = {"a bright thing": "insult", "a dark thing": "violence"}


def shown(value: int) -> Image:
    return Image(data=file(page([], size=(8, 8)).point(lambda _: value)))


def scores(found: object) -> tuple[float, float]:
    assert isinstance(found, Assessed), found
    return found.categories["insult"] or 0.0, found.categories["violence"] or 0.0


def test_a_picture_is_what_its_nearest_text_says(tmp_path: Path) -> None:
    eyes = ZeroShot.load(write_encoder(tmp_path), labels={"bright": "insult", "dark": "violence"})
    light, dark = (scores(found) for found in eyes.assess([shown(255), shown(0)]))
    assert light[0] == dark[1] > 0.99
    assert light[1] == dark[0] < 0.01


def test_labels_of_a_clip_exclude_each_other(tmp_path: Path) -> None:
    eyes = ZeroShot.load(write_encoder(tmp_path, activation="softmax"), labels={"bright": "none", "dark": "violence"})
    (found,) = eyes.assess([shown(255)])
    assert isinstance(found, Assessed)
    assert found.unsafe < 0.01


def test_an_entry_with_labels_is_such_a_classifier_and_texts_can_be_changed(tmp_path: Path) -> None:
    (eyes,) = assemble({"use": str(write_encoder(tmp_path)), "name": "eyes", "labels": LABELS})
    assert isinstance(eyes, ZeroShot)
    assert eyes.covers == {"insult", "violence"}
    assert eyes.with_labels({"bright": "violence"}).digest != eyes.digest


def test_a_folder_that_is_none_or_was_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"no zero_shot\.json"):
        card_of(tmp_path)
    write_encoder(tmp_path)
    with pytest.raises(ConfigError, match="no category"):
        ZeroShot.load(tmp_path, labels={"bright": "brightness"})
    (tmp_path / "image.onnx").write_bytes(b"other")
    with pytest.raises(DigestMismatch):
        ZeroShot.load(tmp_path, labels=LABELS)


def test_vectors_have_length_one(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    words = TextVectors(tmp_path, card_of(tmp_path))
    np.testing.assert_allclose(words.of(["bright", "dark dark"]), [[1, 0], [-1, 0]])
    np.testing.assert_allclose(unit(np.array([[3, 4], [0, 0]], np.float32)), [[0.6, 0.8], [0, 0]], atol=1e-6)
