from pathlib import Path

import numpy as np
import pytest

from headgate.models.errors import DigestMismatch, ModelUnavailable
from headgate.models.guards.folder import columns, opened
from headgate.models.place import Place

from .graphs import token_graph, write_manifest, write_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    token_graph(tmp_path / "model.onnx", np.zeros((6, 2)))
    write_tokenizer(tmp_path / "tokenizer.json")
    return write_manifest(tmp_path, ["a", "b"])


def test_a_folder_opens_when_every_file_is_the_one_of_its_manifest(folder: Path):
    model = opened(folder, task="classification", name="g")
    assert model.tokenizer().encode("tea is warm").ids == [1, 4, 5]
    (folder / "model.onnx").write_bytes(b"")
    with pytest.raises(DigestMismatch):
        opened(folder, task="classification", name="g")


def test_a_folder_for_another_task_is_refused(folder: Path):
    with pytest.raises(ModelUnavailable, match="needs first_token"):
        opened(folder, task="first_token", name="g")


def test_a_folder_without_a_manifest_or_tokenizer_is_refused(tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=r"manifest\.json"):
        opened(tmp_path, task="classification", name="g")
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelUnavailable, match=r"tokenizer\.json"):
        opened(write_manifest(tmp_path, []), task="classification", name="g").tokenizer()


def test_labels_are_found_by_name_or_by_place():
    assert columns(["B", "a", "c"], ["a", "b"], name="g") == [1, 0]
    assert columns(["LABEL_0", "LABEL_1"], ["a", "b"], name="g") == [0, 1]


@pytest.mark.parametrize("found", [["a"], ["LABEL_0"], ["LABEL_0", "LABEL_1", "LABEL_2"], []])
def test_other_labels_are_refused_and_named(found: list[str]):
    with pytest.raises(ModelUnavailable, match="g has the labels a, b"):
        columns(found, ["a", "b"], name="g")


def test_a_token_is_shown_nowhere():
    assert "hush" not in repr(Place(url="http://a", token="hush"))
