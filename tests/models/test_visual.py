from pathlib import Path

import numpy as np
import pytest

from headgate.models.assemble import assemble
from headgate.models.assessment import Assessed, Unjudged
from headgate.models.content import Image, Text
from headgate.models.errors import ConfigError
from headgate.models.exported import Pixels
from headgate.models.visual import VisualClassifier, assessed, check_labels

from .guards.graphs import pixel_graph, write_manifest
from .vision.pictures import file, page

FRAME = Pixels(height=2, width=2, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
LABELS = {"fine": "none", "rude": "insult"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model for which bright pictures are rude."""
    pixel_graph(tmp_path / "model.onnx")
    return write_manifest(tmp_path, ["fine", "rude"], pixels=FRAME)


def bright(value: int) -> Image:
    return Image(data=file(page([], size=(8, 8)).point(lambda _: value)))


def test_labels_are_read_as_the_categories_that_they_mean(folder: Path) -> None:
    eyes = VisualClassifier.load(folder, labels=LABELS, name="eyes")
    light, dark, words = eyes.assess([bright(255), bright(0), Text(text="hi")])
    assert isinstance(light, Assessed)
    assert isinstance(dark, Assessed)
    assert light.categories["insult"] == light.unsafe > 0.9
    assert dark.unsafe < 0.1
    assert light.categories["violence"] is None
    assert isinstance(words, Unjudged)
    assert eyes.covers == {"insult"}


def test_the_worst_square_of_a_long_picture_counts_and_others_stay_their_own(folder: Path) -> None:
    cut = Pixels(height=2, width=2, mean=FRAME.mean, std=FRAME.std, shortest=2)
    eyes = VisualClassifier.load(write_manifest(folder, ["fine", "rude"], pixels=cut), labels=LABELS, name="eyes")
    half = page([], size=(24, 8)).point(lambda _: 0)
    half.paste("white", (16, 0, 24, 8))
    long, dark, light = eyes.assess([Image(data=file(half)), bright(0), bright(255)])
    assert isinstance(long, Assessed)
    assert isinstance(dark, Assessed)
    assert isinstance(light, Assessed)
    assert long.unsafe == pytest.approx(light.unsafe, abs=1e-3)
    assert long.model == "eyes"
    assert dark.unsafe < 0.1


def test_an_entry_with_labels_is_such_a_classifier(folder: Path) -> None:
    (eyes,) = assemble({"use": str(folder), "labels": LABELS, "name": "eyes"})
    assert (eyes.name, eyes.kinds) == ("eyes", {"image"})


@pytest.mark.parametrize(
    ("labels", "said"),
    [({"kind": "none", "rude": "insult"}, "no label 'kind'"), ({"rude": "rudeness"}, "no category 'rudeness'"),
     ({"fine": "none"}, "at least one label")],
)  # fmt: skip
def test_labels_that_cannot_be_are_told(folder: Path, labels: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        VisualClassifier.load(folder, labels=labels)


def test_labels_that_exclude_each_other_add_up_and_others_count_by_the_highest() -> None:
    labels = {"a": "violence", "b": "violence", "c": "none"}
    scores = {"a": 0.3, "b": 0.4, "c": 0.3}
    both = assessed(scores, labels, activation="softmax", model="m")
    assert both.categories["violence"] == both.unsafe == pytest.approx(0.7)
    assert assessed(scores, labels, activation="sigmoid", model="m").unsafe == 0.4
    graded = assessed(scores, labels, activation="sigmoid", cumulative=(0.9, 0.5, 0.1), model="m")
    assert graded.severity == pytest.approx((0.1, 0.4, 0.4, 0.1))
    check_labels(labels, name="m")


def test_the_digest_changes_with_what_labels_mean(folder: Path) -> None:
    one = VisualClassifier.load(folder, labels=LABELS)
    other = VisualClassifier.load(folder, labels={"fine": "none", "rude": "violence"})
    assert one.digest != other.digest
    assert np.isfinite(one.cost(bright(1)))
