import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import loop, mix, net  # noqa: E402
from headgate.models.train.encode import TrainEncoder  # noqa: E402
from headgate.models.train.machine import Machine  # noqa: E402
from headgate.models.train.rows import Row  # noqa: E402


@pytest.fixture
def make(tiny_base, tmp_path, monkeypatch):
    """Makes trainers that draw small pools; the same start each."""
    monkeypatch.setattr(loop, "POOL", 16)

    def made(out=tmp_path, rows=0, seed=7, bfloat16=False, **changes):
        torch.manual_seed(3)
        options = loop.LoopOptions(rows=rows, threads=1, seed=seed, **changes)
        encoder = TrainEncoder(tiny_base / "tokenizer.json")
        return loop.Trainer(net.build(tiny_base), encoder, out, options=options, machine=Machine("cpu", bfloat16))

    return made


@pytest.fixture
def pool():
    words = ("apple", "boat", "candle", "drum")
    rows = [Row(source="s", marker="chat", prompt=f"paint the {word}", unsafe=0.0, categories=()) for word in words]
    rows += [Row(source="s", marker="chat", prompt=f"you are dull, {word}", unsafe=1.0) for word in words]
    return mix.cells(rows, {"chat_safe": 0.5, "chat_unsafe": 0.5})


def weights(trainer):
    return torch.cat([value.flatten().float() for value in trainer.net.state_dict().values()])


def test_schedule_rises_and_falls_and_never_stops():
    assert loop.schedule(0.0, 0.1) < loop.schedule(0.05, 0.1) < loop.schedule(0.1, 0.1) == 1.0
    assert loop.schedule(0.1, 0.1) > loop.schedule(0.5, 0.1) > loop.schedule(0.9, 0.1)
    assert loop.schedule(1.0, 0.1) == loop.schedule(0.0, 0.1) == 0.02


def test_a_run_without_rows_learns_nothing_and_still_saves(make, tmp_path):
    trainer = make()
    before = weights(trainer)
    assert not trainer.run(loop.Phase(1.0, []))
    assert torch.equal(before, weights(trainer))
    assert (tmp_path / loop.CHECKPOINT).is_file()


def test_a_run_draws_exactly_its_rows_and_logs_each_pool(make, pool, tmp_path):
    trainer = make(rows=40)
    before = weights(trainer)
    assert trainer.run(loop.Phase(1.0, pool))
    assert (trainer.state.rows, trainer.state.pool) == (40, 3)
    assert not torch.equal(before, weights(trainer))
    notes = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [note["rows"] for note in notes] == [16, 32, 40]


def test_a_phase_ends_at_its_share_and_a_spent_one_is_skipped(make, pool):
    trainer = make(rows=40)
    assert trainer.run(loop.Phase(0.5, pool))
    assert trainer.state.rows == 20
    assert not trainer.run(loop.Phase(0.5, pool))
    assert trainer.state.rows == 20


def test_products_in_bfloat16_leave_float32_weights_and_nearly_the_same_loss(make, pool):
    exact, rounded = make(rows=16), make(rows=16, bfloat16=True)
    means = [trainer._pool(loop.Phase(1.0, pool), 16) for trainer in (exact, rounded)]
    assert means[1] == pytest.approx(means[0], rel=0.02)
    assert {value.dtype for value in rounded.net.parameters()} == {torch.float32}


def test_a_pool_draws_the_same_rows_and_batches_for_the_same_seed(make, pool):
    first, second, other = make(rows=16), make(rows=16), make(rows=16, seed=8)
    means = [trainer._pool(loop.Phase(1.0, pool), 16) for trainer in (first, second, other)]
    assert means[0] == pytest.approx(means[1], rel=1e-4)
    assert means[0] != pytest.approx(means[2], rel=1e-4)
    assert first.state.rows == loop.POOL


def test_the_loss_falls_on_a_task_that_can_be_learned(make, pool):
    trainer = make(rows=320, rate=2e-3, head_rate=5e-3, warm_up=0.0)
    trainer.net.train()
    means = [trainer._pool(loop.Phase(1.0, pool), 320) for _ in range(12)]
    assert sum(means[-3:]) < 0.9 * sum(means[:3])


def test_resuming_restores_state_weights_and_optimiser(make, pool):
    first = make(rows=16)
    first._pool(loop.Phase(1.0, pool), 16)
    first.save()
    second = make()
    assert second.resume()
    assert second.state == first.state
    assert torch.equal(weights(first), weights(second))
    assert second.optimiser.state_dict()["state"].keys() == first.optimiser.state_dict()["state"].keys() != set()


def test_there_is_nothing_to_resume_in_an_empty_folder(make, tmp_path):
    trainer = make(out=tmp_path / "none")
    assert not trainer.resume()
    assert trainer.state == loop.State()


def test_saving_replaces_the_old_checkpoint_whole(make, tmp_path):
    trainer = make()
    trainer.save()
    trainer.state.rows = 77
    trainer.save()
    assert [path.name for path in tmp_path.iterdir()] == [loop.CHECKPOINT]
    assert torch.load(tmp_path / loop.CHECKPOINT, weights_only=True)["state"]["rows"] == 77


def test_layers_learn_the_slower_the_deeper_they_lie_and_words_not_at_all(make):
    trainer = make(rate=1.0, head_rate=5.0, layer_decay=0.5)
    tops = {group["top"] for group in trainer.optimiser.param_groups}
    assert tops == {5.0, 1.0, 0.5, 0.25}  # heads, two layers, what lies below them
    held = {id(one) for group in trainer.optimiser.param_groups for one in group["params"]}
    assert held == {id(one) for one in trainer.net.parameters() if one.requires_grad}
    assert id(trainer.net.encoder.embeddings.word_embeddings.weight) not in held


def test_biases_and_norms_do_not_decay(make):
    for group in make().optimiser.param_groups:
        assert {one.ndim > 1 for one in group["params"]} == {group["weight_decay"] > 0}
