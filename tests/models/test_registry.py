from pathlib import Path

import pytest

from headgate.models import registry
from headgate.models.classifier import Classifier
from headgate.models.errors import DigestMismatch, ModelUnavailable
from headgate.models.place import Place

from .conftest import write_manifest


def test_the_embedded_model_lives_in_the_package():
    assert registry.embedded().parent == registry.shelf()
    assert registry.embedded().name == registry.DEFAULT


def test_a_folder_loads_as_a_classifier(tiny: Path):
    loaded = registry.load(str(tiny))
    assert isinstance(loaded, Classifier)
    assert loaded.name == "tiny@0.0.1"


def threads_of(loaded: Classifier) -> int:
    return loaded._runtime._session.get_session_options().intra_op_num_threads


def test_it_runs_with_the_threads_of_its_place_or_those_that_are_asked_for(tiny: Path):
    assert threads_of(registry.load(str(tiny))) == 1
    assert threads_of(registry.load(str(tiny), place=Place(threads=4))) == 4
    assert threads_of(registry.load(str(tiny), threads=2, place=Place(threads=4))) == 2


def test_an_unknown_name_is_refused_with_the_way_out():
    with pytest.raises(ModelUnavailable, match=r"manifest\.json"):
        registry.load("no-such-model")


def test_a_modality_that_nothing_runs_is_unavailable(own_tiny: Path):
    write_manifest(own_tiny, modality="smell")
    with pytest.raises(ModelUnavailable, match="smell"):
        registry.load(str(own_tiny))


def test_the_card_names_the_graph(tiny: Path):
    card = registry.info(tiny)
    assert card.name == "tiny"
    assert len(card.sha256) == 64
    assert card.bytes == (tiny / "model.onnx").stat().st_size


def test_the_listing_shows_every_embedded_model():
    assert [card.name for card in registry.listing()] == sorted(
        path.parent.name for path in registry.shelf().glob("*/manifest.json")
    )


def test_verify_hashes_the_files(own_tiny: Path):
    assert registry.verify(str(own_tiny)).manifest.name == "tiny"
    (own_tiny / "tokenizer.json").write_text("{}")
    with pytest.raises(DigestMismatch, match=r"tokenizer\.json"):
        registry.verify(str(own_tiny))


def test_a_manifest_without_a_graph_is_unavailable(own_tiny: Path):
    write_manifest(own_tiny, files={})
    with pytest.raises(ModelUnavailable, match=r"no model\.onnx"):
        registry.info(own_tiny)
