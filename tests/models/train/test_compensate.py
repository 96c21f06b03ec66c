import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from headgate.models.encoding import Window  # noqa: E402
from headgate.models.train import compensate, encode, export, smooth  # noqa: E402
from headgate.models.train.rows import Row  # noqa: E402


def windows(count, *, seed):
    rng = np.random.default_rng(seed)
    found = []
    for length in rng.integers(5, 40, size=count):
        ids = [9, int(rng.integers(1, 6)), *rng.integers(12, 60, size=length - 3).tolist(), 10]
        found.append(Window(ids, [0] * (length // 2) + [1] * (length - length // 2), 0, 1))
    return found


def batches(found, *, size=8):
    row = Row(source="s", marker="chat", prompt="x")
    items = [encode.Example(row, one.ids, one.type_ids) for one in found]
    return [encode.collate(items[at : at + size]) for at in range(0, len(items), size)]


@pytest.fixture
def smoothed(tiny_net):
    """A network with outliers among its weights and inputs, so that rounding to the nearest costs something."""
    export.fold_markers(tiny_net)
    torch.manual_seed(5)
    with torch.no_grad():
        for layer in tiny_net.encoder.encoder.layer:
            for dense in (layer.intermediate.dense, layer.output.dense, layer.attention.self.value):
                dense.weight.mul_(8.0)
                dense.weight[:, 0] *= 12.0
    smooth.smooth(tiny_net, batches(windows(48, seed=1)))
    return tiny_net


def int8_logits(net, folder, found):
    export.write_float(net, folder / "float.onnx")
    export.write_int8(folder / "float.onnx", folder / "int8.onnx")
    return export.OnnxScorer(folder / "int8.onnx").logits(found)


def exact_logits(net, found):
    with torch.no_grad():
        return np.concatenate([net(one.ids, one.mask, one.type_ids).numpy() for one in batches(found)])


def test_int8_answers_of_texts_not_fitted_on_come_nearer_to_those_of_fp32(smoothed, tmp_path):
    unseen = windows(64, seed=2)
    exact = exact_logits(smoothed, unseen)
    before = int8_logits(smoothed, tmp_path, unseen)
    compensate.compensate(smoothed, batches(windows(160, seed=1)))
    after = int8_logits(smoothed, tmp_path, unseen)
    errors = [float(np.square(one - exact).mean()) for one in (before, after)]
    assert errors[1] < 0.8 * errors[0]


def test_the_graph_holds_the_very_integers_that_were_fitted(smoothed, tmp_path):
    compensate.compensate(smoothed, batches(windows(64, seed=1)))
    int8_logits(smoothed, tmp_path, windows(2, seed=2))
    held = {
        one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(str(tmp_path / "int8.onnx")).graph.initializer
    }
    for number, layer in enumerate(smoothed.encoder.encoder.layer):
        integers, scale = (held[f"layer.{number}.outer.weight/{kind}"] for kind in ("int8", "scale"))
        np.testing.assert_array_equal((integers * scale).T, layer.output.dense.weight.numpy())


def test_the_encoder_alone_changes(smoothed):
    before = copy.deepcopy(smoothed.state_dict())
    compensate.compensate(smoothed, batches(windows(32, seed=1)))
    changed = {name for name, value in smoothed.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(".dense." in name or ".self." in name for name in changed)
    assert not any(name.endswith("inverse") or "LayerNorm" in name for name in changed)


def layer_and_batch(*, lengths):
    torch.manual_seed(0)
    row = Row(source="s", marker="chat", prompt="x")
    batch = encode.collate([encode.Example(row, [1] * length, [0] * length) for length in lengths])
    return smooth.SmoothLinear(torch.nn.Linear(6, 3), None), torch.randn(len(lengths), max(lengths), 6), batch


def test_a_layer_learns_what_its_inputs_show_and_its_bias_takes_the_rest():
    layer, rows, batch = layer_and_batch(lengths=(200, 200, 200))
    with torch.no_grad():
        wanted = torch.nn.functional.linear(rows, layer.weight * 1.1, layer.bias + 0.7)
        compensate.fit(layer, [rows], [wanted], [batch])
        error = torch.nn.functional.linear(rows, layer.weight, layer.bias) - wanted
    assert float(error.abs().max()) < 0.1
    assert float(error.mean(dim=(0, 1)).abs().max()) < 1e-3


def test_padding_is_not_fitted():
    layer, rows, batch = layer_and_batch(lengths=(40, 90, 60))
    other, spoilt = copy.deepcopy(layer), rows.masked_fill(batch.mask.unsqueeze(-1) == 0, 1e6)
    with torch.no_grad():
        wanted = torch.nn.functional.linear(rows, layer.weight * 1.1, layer.bias)
        compensate.fit(layer, [rows], [wanted], [batch])
        compensate.fit(other, [spoilt], [wanted], [batch])
    assert torch.equal(layer.weight, other.weight)
    assert torch.equal(layer.bias, other.bias)
