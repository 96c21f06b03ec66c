import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import recipe  # noqa: E402
from headgate.models.train.loop import CHECKPOINT  # noqa: E402


def options(data, out, base, **changes):
    return recipe.TrainOptions(**({"data": data, "out": out, "base": base, "minutes": 0.0, "threads": 1} | changes))


def test_a_run_leaves_a_checkpoint_a_log_and_a_folder_of_weights(trained):
    assert {CHECKPOINT, "log.jsonl", "weights"} <= {path.name for path in trained.iterdir()}
    assert (trained / "weights" / "model.onnx").is_file()


def test_what_was_learned_is_in_the_checkpoint(trained, tiny_base):
    from headgate.models.train import net

    held = torch.load(trained / CHECKPOINT, weights_only=True)
    fresh = net.build(tiny_base).state_dict()
    assert held["state"]["rows"] > 0
    assert not torch.equal(held["net"]["marker_rows"], fresh["marker_rows"])
    words = "encoder.embeddings.word_embeddings.weight"
    assert torch.equal(held["net"][words], fresh[words])


def test_learning_makes_its_folder_and_needs_no_release(tiny_data, tiny_base, tmp_path):
    out = tmp_path / "deep" / "out"
    recipe.learn(options(tiny_data, out, tiny_base))
    assert [path.name for path in out.iterdir()] == [CHECKPOINT]


def test_resuming_a_spent_run_touches_neither_checkpoint_nor_data(trained, tiny_base, tmp_path):
    before = (trained / CHECKPOINT).stat().st_mtime_ns
    spent = options(tmp_path / "no data here", trained, tiny_base, resume=True, minutes=0.0001)
    recipe.learn(spent)
    assert (trained / CHECKPOINT).stat().st_mtime_ns == before


def test_resuming_where_nothing_was_saved_begins_anew(tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, resume=True))
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["state"]["rows"] == 0


def test_a_missing_data_folder_is_an_error_before_anything_is_learned(tiny_base, tmp_path):
    with pytest.raises(FileNotFoundError):
        recipe.learn(options(tmp_path / "none", tmp_path / "out", tiny_base))
    assert not (tmp_path / "out" / CHECKPOINT).exists()
