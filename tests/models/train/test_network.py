import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from transformers import BertConfig, BertModel  # noqa: E402

from headgate.models.encoding import Window  # noqa: E402
from headgate.models.train import encode, export, loop, net  # noqa: E402
from headgate.models.train.rows import HEADS, UNKNOWN, Row  # noqa: E402


@pytest.fixture
def small():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=200, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        attn_implementation="eager",
    )  # fmt: skip
    return net.HeadgateNet(BertModel(config, add_pooling_layer=False)).eval()


def item(length=6, **changes):
    made = Row(**({"source": "s", "marker": "chat", "prompt": "x", "unsafe": 0.0, "categories": ()} | changes))
    return encode.Example(made, [101 % 90, 1, *range(10, 10 + length), 9], [0] * (length + 3))


def test_severity_never_rises_with_the_grade(small):
    batch = encode.collate([item(3), item(9)])
    severity = small(batch.ids, batch.mask, batch.type_ids)[:, 1:4]
    assert (severity[:, :-1] >= severity[:, 1:]).all()


def test_padding_does_not_change_logits(small):
    alone, padded = encode.collate([item(4)]), encode.collate([item(4), item(30)])
    first = small(alone.ids, alone.mask, alone.type_ids)[0]
    second = small(padded.ids, padded.mask, padded.type_ids)[0]
    assert torch.allclose(first, second, atol=1e-5)


def test_unknown_targets_cost_nothing(small):
    batch = encode.collate([item(unsafe=UNKNOWN, sensitive=UNKNOWN, categories=None)])
    target = batch.categories[0]
    assert int((target != UNKNOWN).sum()) == 1  # prompt_attack alone
    logits = torch.zeros(1, len(HEADS))
    moved = logits.clone()
    moved[0, 0] = 3.0
    assert net.loss(logits, batch).item() == pytest.approx(net.loss(moved, batch).item())


def test_folding_markers_keeps_the_answer(small):
    with torch.no_grad():
        small.marker_rows.add_(0.1)
    batch = encode.collate([item(5)])
    before = small(batch.ids, batch.mask, batch.type_ids)
    export.fold_markers(small)
    assert torch.allclose(before, small(batch.ids, batch.mask, batch.type_ids), atol=1e-5)


def test_buckets_hold_every_example_within_the_budget():
    items = [item(length) for length in (3, 40, 7, 12, 90, 5, 33)]
    made = encode.buckets(items, token_budget=128)
    assert sum(len(one) for one in made) == len(items)
    assert all(len(one) == 1 or max(len(x.ids) for x in one) * len(one) <= 128 for one in made)


def test_schedule_rises_and_falls():
    assert loop.schedule(0.0, 0.1) < loop.schedule(0.05, 0.1) < loop.schedule(0.1, 0.1) == 1.0
    assert loop.schedule(1.0, 0.1) == 0.02


def test_run_saves_and_resumes(small, tmp_path):
    options = loop.LoopOptions(minutes=0.0, threads=1)
    first = loop.Trainer(small, None, tmp_path, options=options)
    first.state.rows = 77
    first.run([])
    second = loop.Trainer(small, None, tmp_path, options=options)
    assert second.resume()
    assert second.state.rows == 77
    assert not loop.Trainer(small, None, tmp_path / "none", options=options).resume()


def test_exported_graph_answers_as_the_network_does(small, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    export.fold_markers(small)
    export.write_float(small, tmp_path / "plain.onnx")
    window = Window([11, 1, 20, 21, 22, 9], [0] * 6, 0, 3)
    other = Window([11, 3, 20, 9], [0, 0, 1, 1], 0, 1)
    found = export.OnnxScorer(tmp_path / "plain.onnx").logits([window, other])
    ids = torch.tensor([window.ids])
    with torch.no_grad():
        wanted = small(ids, torch.ones_like(ids), torch.zeros_like(ids)).numpy()
    assert np.abs(found[0] - wanted[0]).max() < 1e-4
    export.write_int8(tmp_path / "plain.onnx", tmp_path / "int8.onnx")
    assert np.abs(export.OnnxScorer(tmp_path / "int8.onnx").logits([window])[0] - wanted[0]).max() < 0.5
