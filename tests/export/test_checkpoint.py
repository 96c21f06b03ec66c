from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.export.checkpoint import Checkpoint
from headgate.export.source import Asked
from headgate.models.errors import ConfigError, ModelUnavailable

from .checkpoints import write_checkpoint
from .conftest import Folders


def altered(folder: Path, **changes: object) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


def opened(folder: Path, **asked: object) -> Checkpoint:
    return Checkpoint.open(folder, Asked(rows=2, **asked), source="someone/tiny guard")  # type: ignore[arg-type]


def test_labels_licence_and_sizes_come_from_the_checkpoint(checkpoints: Folders) -> None:
    subject = opened(checkpoints("roberta")).subject
    assert subject.heads == ("fine", "rude", "cruel")
    assert (subject.licence, subject.architecture, subject.name) == ("apache-2.0", "roberta", "tiny-guard")
    assert (subject.activation, subject.max_tokens) == ("softmax", 512)


def test_several_labels_at_once_are_sigmoids(tmp_path: Path) -> None:
    folder = write_checkpoint("bert", tmp_path, problem_type="multi_label_classification")
    assert opened(folder).subject.activation == "sigmoid"
    assert opened(folder, activation="softmax").subject.activation == "softmax"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"architectures": ["BertForMaskedLM"]}, "architectures is BertForMaskedLM"),
        ({"architectures": None}, "architectures is missing"),
        ({"model_type": "mamba"}, "'mamba' cannot be exported"),
        ({"model_type": "no-such-thing"}, "transformers cannot read it"),
    ],
)
def test_what_cannot_be_exported_is_told_before_it_is_loaded(
    changes: dict[str, object], reason: str, tmp_path: Path
) -> None:
    folder = altered(write_checkpoint("bert", tmp_path), **changes)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=reason):
        opened(folder)


def test_a_causal_checkpoint_asks_for_its_answers(checkpoints: Folders) -> None:
    with pytest.raises(ConfigError, match="--answers"):
        opened(checkpoints("llama"))


def test_weights_that_are_not_there_are_unavailable(tmp_path: Path) -> None:
    folder = write_checkpoint("bert", tmp_path)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="cannot load the weights"):
        opened(folder)


def test_an_image_model_that_does_not_say_how_images_are_scaled_is_refused(tmp_path: Path) -> None:
    folder = write_checkpoint("vit", tmp_path)
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(ConfigError, match=r"preprocessor_config\.json"):
        opened(folder)
