from __future__ import annotations

import msgspec
import numpy as np
import pytest

from headgate.models.combine import Combined
from headgate.models.content import Text
from headgate.models.fakes import FakeClassifier, scores
from headgate.models.meaning import (
    fits,
    meaning_of,
    meanings,
    packed,
    reads_meaning,
    teller,
    unit,
    unpacked,
    with_output,
)
from headgate.models.registry import load


def test_vectors_are_packed_as_rows_of_length_one() -> None:
    vectors = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    assert np.abs(unpacked(packed(vectors, by="d")) - unit(vectors)).max() < 1e-3
    assert len(packed(vectors, by="d")) == 2 + 8 + 3 * 384 * 2
    assert unpacked(b"").shape == (0, 0)


def test_only_whole_rows_of_the_right_width_and_teller_fit() -> None:
    told = packed(np.ones((3, 8), dtype=np.float32), by="d")
    assert fits(told, 8, by=teller(told))
    narrow = packed(np.ones((3, 4), dtype=np.float32), by="d")
    others = packed(np.ones((3, 8), dtype=np.float32), by="e")
    odd = (b"", b"t", b"told", told[:2], told[:10], told[:-1], narrow, others)
    assert not any(fits(other, 8, by=teller(told)) for other in odd)
    assert teller(b"") == b""


def test_a_model_with_one_more_output_is_the_model_otherwise() -> None:
    onnx = pytest.importorskip("onnx")
    add = onnx.helper.make_node("Add", ["a", "a"], ["twice"])
    square = onnx.helper.make_node("Mul", ["twice", "twice"], ["square"])
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([add, square], "g", [value("a", 1, [2])], [value("square", 1, [2])])
    whole = onnx.helper.make_model(graph)
    read = onnx.load_from_string(with_output(whole.SerializeToString(), "twice"))
    assert [output.name for output in read.graph.output] == ["square", "twice"]
    del read.graph.output[1]
    assert read == whole


def test_the_shipped_model_tells_what_a_text_is_about_and_scores_as_before() -> None:
    pytest.importorskip("onnxruntime")
    model, parts = load("text"), [Text(text="How do I bake bread?", path="a"), Text(text="far " * 500, path="b")]
    before, digest = model.assess(parts), model.digest
    assert meanings(model, parts) == [b"", b""]
    assert reads_meaning(model)
    after = model.assess(parts)
    assert [msgspec.structs.replace(one, meaning=b"") for one in after] == before
    assert model.digest != digest
    assert [unpacked(meaning_of(one)).shape[1] for one in after] == [384, 384]


def test_others_do_not_tell_and_one_of_several_is_enough() -> None:
    pytest.importorskip("onnxruntime")
    fake = FakeClassifier({})
    assert not reads_meaning(fake)
    both = Combined([fake, load("text")])
    assert reads_meaning(both)
    assert meanings(both, [Text(text="Hello", path="a")])[0]
    assert meaning_of(scores()) == b""
