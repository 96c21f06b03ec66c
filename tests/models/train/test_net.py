import math

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import encode, net  # noqa: E402
from headgate.models.train.rows import HEADS, UNKNOWN, Row  # noqa: E402


def item(length=6, marker=1, **changes):
    made = Row(**({"source": "s", "marker": "chat", "prompt": "x", "unsafe": 0.0, "categories": ()} | changes))
    return encode.Example(made, [9, marker, *range(10, 10 + length), 10], [0] * (length + 3))


def logits(network, *items):
    batch = encode.collate(items)
    with torch.no_grad():
        return network(batch.ids, batch.mask, batch.type_ids)


def cost(values, **changes):
    return net.loss(values, encode.collate([item(**changes)])).item()


def moved(head, by=3.0):
    made = torch.zeros(1, len(HEADS))
    made[0, HEADS.index(head)] = by
    return made


def test_every_head_has_a_column(tiny_net):
    assert logits(tiny_net, item(), item(9)).shape == (2, len(HEADS))


def test_severity_never_rises_with_the_grade(tiny_net):
    with torch.no_grad():
        tiny_net.cuts.copy_(torch.tensor([0.3, -4.0, -9.0]))  # even where training pushes the steps below zero
    severity = logits(tiny_net, item(3), item(9))[:, 1:4]
    assert (severity[:, :-1] >= severity[:, 1:]).all()


def test_padding_does_not_change_logits(tiny_net):
    alone, padded = logits(tiny_net, item(4)), logits(tiny_net, item(4), item(30))
    assert torch.allclose(alone[0], padded[0], atol=1e-5)


def test_the_marker_changes_what_is_seen(tiny_net):
    chat, text = logits(tiny_net, item(marker=1), item(marker=3))
    assert not torch.allclose(chat, text, atol=1e-4)


def test_the_scale_and_bias_of_a_marker_touch_its_rows_alone(tiny_net):
    before = logits(tiny_net, item(marker=1), item(marker=3))
    with torch.no_grad():
        tiny_net.marker_scale[3, 0], tiny_net.marker_bias[3, 0] = 2.0, 5.0
    after = logits(tiny_net, item(marker=1), item(marker=3))
    assert torch.equal(before[0], after[0])
    assert after[1, 0].item() == pytest.approx(2 * before[1, 0].item() + 5, abs=1e-5)
    assert torch.equal(before[1, 1:], after[1, 1:])


def test_raw_logits_know_nothing_of_the_calibration(tiny_net):
    batch = encode.collate([item()])
    with torch.no_grad():
        before = tiny_net.raw_logits(batch.ids, batch.mask, batch.type_ids)
        tiny_net.marker_bias.add_(5.0)
        assert torch.equal(before, tiny_net.raw_logits(batch.ids, batch.mask, batch.type_ids))


def test_words_are_frozen_and_markers_learn(tiny_base):
    network = net.build(tiny_base)
    batch = encode.collate([item(unsafe=1.0)])
    net.loss(network.raw_logits(batch.ids, batch.mask, batch.type_ids), batch).backward()
    assert network.encoder.embeddings.word_embeddings.weight.grad is None
    assert network.marker_rows.grad[1].abs().sum() > 0
    assert network.marker_rows.grad[2].abs().sum() == 0


def test_markers_begin_as_the_rows_of_their_tokens(tiny_base):
    network = net.build(tiny_base)
    assert torch.equal(network.marker_rows, network.encoder.embeddings.word_embeddings.weight[: net.MARKER_ROWS])


def test_an_empty_network_takes_the_weights_of_a_built_one(tiny_base, tiny_net):
    other = net.empty(tiny_base).eval()
    assert not torch.allclose(logits(tiny_net, item()), logits(other, item()))
    other.load_state_dict(tiny_net.state_dict())
    assert torch.allclose(logits(tiny_net, item()), logits(other, item()), atol=1e-6)


def test_unknown_targets_cost_nothing():
    unknown = {"unsafe": UNKNOWN, "sensitive": UNKNOWN, "categories": None}
    for head in (*HEADS[:6], "violence"):
        assert cost(moved(head), **unknown) == pytest.approx(cost(moved(head, 0.0), **unknown)), head
    assert cost(moved("prompt_attack"), **unknown) > cost(moved("prompt_attack", 0.0), **unknown)


@pytest.mark.parametrize(
    ("head", "changes"),
    [("unsafe", {"unsafe": 1.0}), ("sensitive", {"sensitive": 1.0}), ("refusal", {"refusal": 1.0}),
     ("violence", {"categories": ("violence",)}), ("prompt_attack", {"attack": 1.0}), ("severity_2", {"severity": 2})],
)  # fmt: skip
def test_a_head_that_says_what_the_row_says_costs_less(head, changes):
    assert cost(moved(head, 2.0), **changes) < cost(moved(head, 0.0), **changes) < cost(moved(head, -2.0), **changes)


def test_severity_above_the_grade_costs_more():
    assert cost(moved("severity_3"), severity=2) > cost(moved("severity_3", -3.0), severity=2)


def test_a_row_counts_by_its_weight_and_a_light_one_is_smoothed():
    sure = moved("unsafe", 9.0)
    assert cost(sure, unsafe=1.0, weight=0.0) == 0.0
    full, light = cost(sure, unsafe=1.0), cost(sure, unsafe=1.0, weight=0.5) / 0.5
    assert light > full  # certainty about a machine's label is punished


def test_losses_of_a_batch_add_up():
    first, second = item(unsafe=1.0), item(unsafe=0.0)
    values = torch.randn(2, len(HEADS), generator=torch.Generator().manual_seed(0))
    alone = sum(net.loss(values[i : i + 1], encode.collate([one])).item() for i, one in enumerate((first, second)))
    assert net.loss(values, encode.collate([first, second])).item() == pytest.approx(alone, rel=1e-5)


def test_an_average_holds_the_weighted_mean_and_the_sum_of_what_the_runs_saw(tiny_base, tmp_path):
    made = [net.build(tiny_base) for _ in range(3)]
    shares = []
    for number, (one, run) in enumerate(zip(made, ("a", "a", "b"), strict=True)):
        place = tmp_path / run / str(number)
        place.parent.mkdir(exist_ok=True)
        torch.save({"net": one.state_dict(), "state": {"rows": 10**number}}, place)
        shares.append(net.Share(place, number + 1))
    path = net.average(shares, tmp_path / "mean")
    held = torch.load(path, weights_only=True)
    assert held["state"] == {"rows": 110}
    mean = sum(one.dense.weight * weight for weight, one in enumerate(made, 1)) / 6
    assert torch.allclose(held["net"]["dense.weight"], mean, atol=1e-6)
    net.load_weights(made[0], path)


def of_couple(values, *couples, unsafe=(1.0, 0.0)):
    items = [msgspec.structs.replace(item(unsafe=label), couple=number)
             for label, number in zip(unsafe, couples, strict=True)]  # fmt: skip
    return net.loss(values, encode.collate(items)).item()


def test_a_couple_in_the_wrong_order_costs_more_than_the_same_rows_alone():
    right, wrong = torch.zeros(2, len(HEADS)), torch.zeros(2, len(HEADS))
    right[0, 0], wrong[1, 0] = 4.0, 4.0
    extra = [of_couple(values, 5, 5) - of_couple(values, -1, -1) for values in (right, wrong)]
    assert extra == pytest.approx([math.log1p(math.exp(-4)), math.log1p(math.exp(4))], abs=1e-3)


def test_rows_of_two_couples_or_of_one_label_are_not_ranked():
    values = torch.randn(2, len(HEADS), generator=torch.Generator().manual_seed(1))
    assert of_couple(values, 5, 6) == pytest.approx(of_couple(values, -1, -1))
    for labels in ((1.0, 1.0), (1.0, UNKNOWN)):
        assert of_couple(values, 5, 5, unsafe=labels) == pytest.approx(of_couple(values, -1, -1, unsafe=labels))


def test_what_twins_share_gets_no_gradient_from_their_ranking():
    values = torch.zeros(2, len(HEADS), requires_grad=True)
    made = [encode.collate([msgspec.structs.replace(item(unsafe=label), couple=number) for label in (1.0, 0.0)])
            for number in (5, -1)]  # fmt: skip
    (net.loss(values, made[0]) - net.loss(values, made[1])).backward()
    assert values.grad[:, 0].tolist() == pytest.approx([-0.5, 0.5])
