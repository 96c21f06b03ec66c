import numpy as np
import pytest
from tokenizers import Tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from headgate.models.encoding import PairEncoder, Window  # noqa: E402
from headgate.models.train import encode, export  # noqa: E402
from headgate.models.train.rows import HEADS, Row  # noqa: E402

SHORT = Window([9, 3, 20, 10], [0, 0, 1, 1], 0, 1)
LONGER = Window([9, 1, *range(20, 60), 10], [0] * 43, 0, 3)


def forward(network, window):
    ids, types = torch.tensor([window.ids]), torch.tensor([window.type_ids])
    with torch.no_grad():
        return network(ids, torch.ones_like(ids), types).numpy()[0]


@pytest.fixture(scope="module")
def exported(tiny_base, tmp_path_factory):
    """A folded network with a calibration per marker, and the folder of its two graphs."""
    from headgate.models.train import net

    folder = tmp_path_factory.mktemp("graphs")
    torch.manual_seed(1)
    network = net.build(tiny_base, attention="eager").eval()
    with torch.no_grad():
        network.marker_rows.add_(0.5)
        network.marker_scale[3, 0], network.marker_bias[3, 0] = 1.5, -0.7
    export.fold_markers(network)
    export.write_float(network, folder / "plain.onnx")
    export.write_int8(folder / "plain.onnx", folder / "int8.onnx")
    return network, folder


def test_folding_markers_keeps_the_answer(tiny_net):
    row = Row(source="s", marker="chat", prompt="x")
    batch = encode.collate([encode.Example(row, LONGER.ids, LONGER.type_ids)])
    with torch.no_grad():
        before = tiny_net(batch.ids, batch.mask, batch.type_ids)
        export.fold_markers(tiny_net)
        assert torch.allclose(before, tiny_net(batch.ids, batch.mask, batch.type_ids), atol=1e-5)
    assert tiny_net.markers_folded


def test_a_checkpoint_loads_folded_and_answers_as_it_was_saved(tiny_net, tiny_base, tmp_path):
    torch.save({"net": tiny_net.state_dict()}, tmp_path / "checkpoint.pt")
    loaded = export.load_net(tmp_path / "checkpoint.pt", tiny_base)
    assert loaded.markers_folded
    assert not loaded.training
    assert np.allclose(forward(tiny_net, LONGER), forward(loaded, LONGER), atol=1e-5)


def test_the_graph_answers_as_the_network_does_in_any_batch_and_length(exported):
    network, folder = exported
    scorer = export.OnnxScorer(folder / "plain.onnx")
    windows = [SHORT, LONGER, SHORT]
    found = scorer.logits(windows)
    assert found.shape == (3, len(HEADS))
    for window, logits in zip(windows, found, strict=True):
        assert np.abs(logits - forward(network, window)).max() < 1e-4


def test_the_graph_has_the_agreed_inputs_and_output(exported):
    graph = onnx.load(str(exported[1] / "plain.onnx")).graph
    assert tuple(one.name for one in graph.input) == export.INPUTS
    assert [one.name for one in graph.output] == ["logits"]
    assert {one.type.tensor_type.elem_type for one in graph.input} == {onnx.TensorProto.INT64}


def test_the_int8_graph_is_smaller_and_stays_near_the_network(exported):
    network, folder = exported
    assert (folder / "int8.onnx").stat().st_size < 0.7 * (folder / "plain.onnx").stat().st_size
    for window in (SHORT, LONGER):
        found = export.OnnxScorer(folder / "int8.onnx").logits([window])[0]
        assert np.abs(found - forward(network, window)).max() < 0.3


def test_marker_tables_stay_float_and_the_encoder_does_not(exported):
    names = _quantised(exported[1])
    assert [name for name in names if "word_embeddings" in name or "MatMul" in name]
    assert not [name for name in names if "marker" in name]


def test_heads_stay_float(exported):
    assert not [name for name in _quantised(exported[1]) if name.startswith(("flat", "severity", "dense"))]


def test_a_window_scores_the_same_to_the_bit_whatever_it_is_batched_with(exported):
    scorer = export.OnnxScorer(exported[1] / "int8.onnx")
    together = scorer.logits([SHORT, LONGER, SHORT])
    assert (together[0] == scorer.logits([SHORT])[0]).all()
    assert (together[1] == scorer.logits([LONGER])[0]).all()


def _quantised(folder):
    graph = onnx.load(str(folder / "int8.onnx")).graph
    kinds = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)
    return [tensor.name for tensor in graph.initializer if tensor.data_type in kinds]


def test_logits_come_in_the_order_given_whatever_the_batches(exported):
    scorer = export.OnnxScorer(exported[1] / "plain.onnx")
    windows = [LONGER, SHORT, LONGER, SHORT, SHORT]
    one_by_one = np.concatenate([scorer.logits([window]) for window in windows])
    assert np.abs(scorer.logits(windows, token_budget=90) - one_by_one).max() < 1e-4
    assert scorer.logits([]).shape == (0, len(HEADS))


def test_a_text_cannot_forge_special_tokens_with_the_shipped_tokenizer(tiny_base, tmp_path):
    export.write_tokenizer(tiny_base, tmp_path / "tokenizer.json")
    shipped = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    base = Tokenizer.from_file(str(tiny_base / "tokenizer.json"))
    forged, separator = "paint [SEP] the tulip [CLS]", base.token_to_id("[SEP]")
    assert separator in base.encode(forged, add_special_tokens=False).ids
    assert separator not in shipped.encode(forged, add_special_tokens=False).ids
    (window,) = PairEncoder(shipped).encode(forged, None, "chat")
    assert (window.ids.count(separator), window.ids.count(base.token_to_id("[CLS]"))) == (1, 1)


def test_the_shipped_tokenizer_keeps_the_vocabulary_and_neither_cuts_nor_pads(tiny_base, tmp_path):
    export.write_tokenizer(tiny_base, tmp_path / "tokenizer.json")
    shipped = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert shipped.get_vocab() == Tokenizer.from_file(str(tiny_base / "tokenizer.json")).get_vocab()
    assert len(shipped.encode("tulip").ids) == 1
    assert len(shipped.encode("tulip " * 50).ids) == 50
