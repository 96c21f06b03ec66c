import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from headgate.models.encoding import Window  # noqa: E402
from headgate.models.train import encode, export, graph, smooth  # noqa: E402
from headgate.models.train.quantize import RANGE  # noqa: E402
from headgate.models.train.rows import Row  # noqa: E402


def window(length, *, seed):
    rng = np.random.default_rng(seed)
    ids = [9, 1 + seed % 5, *rng.integers(12, 60, size=length - 3).tolist(), 10]
    return Window(ids, [0] * (length // 2) + [1] * (length - length // 2), 0, 1)


WINDOWS = [window(length, seed=length) for length in (3, 4, 17, 33, 64, 65, 66)]


def batch(windows):
    row = Row(source="s", marker="chat", prompt="x")
    return encode.collate([encode.Example(row, one.ids, one.type_ids) for one in windows])


def forward(network, windows):
    held = batch(windows)
    with torch.no_grad():
        return network(held.ids, held.mask, held.type_ids).numpy()


@pytest.fixture
def folded(tiny_net):
    export.fold_markers(tiny_net)
    return tiny_net


def test_the_graph_answers_as_the_network_does_whatever_the_padding(folded, tmp_path):
    graph.write_graph(folded, tmp_path / "model.onnx", opset=export.OPSET)
    found = export.OnnxScorer(tmp_path / "model.onnx").logits(WINDOWS)
    assert np.abs(found - forward(folded, WINDOWS)).max() < 1e-4


def test_a_smoothed_network_has_the_same_graph_answers_and_notes_the_ranges(folded, tmp_path):
    expected = forward(folded, WINDOWS)
    smooth.smooth(folded, [batch(WINDOWS)])
    graph.write_graph(folded, tmp_path / "model.onnx", opset=export.OPSET)
    assert np.abs(export.OnnxScorer(tmp_path / "model.onnx").logits(WINDOWS) - expected).max() < 1e-4
    noted = [entry.key for entry in onnx.load(str(tmp_path / "model.onnx")).metadata_props]
    assert len(noted) == 5 * len(folded.encoder.encoder.layer)  # what GELU made keeps a scale a token
    assert all(key.startswith(RANGE) for key in noted)


def test_a_window_scores_the_same_to_the_bit_in_int8_with_ranges_whatever_its_neighbours(folded, tmp_path):
    smooth.smooth(folded, [batch(WINDOWS)])
    graph.write_graph(folded, tmp_path / "float.onnx", opset=export.OPSET)
    export.write_int8(tmp_path / "float.onnx", tmp_path / "model.onnx")
    scorer = export.OnnxScorer(tmp_path / "model.onnx")
    alone = np.concatenate([scorer.logits([one]) for one in WINDOWS])
    np.testing.assert_array_equal(scorer.logits(WINDOWS), alone)
    assert np.abs(alone - forward(folded, WINDOWS)).max() < 0.3


def test_markers_must_be_folded_first(tiny_net, tmp_path):
    with pytest.raises(ValueError, match="fold_markers"):
        graph.write_graph(tiny_net, tmp_path / "model.onnx", opset=export.OPSET)
