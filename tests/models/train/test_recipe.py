import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import recipe  # noqa: E402
from headgate.models.train.loop import CHECKPOINT  # noqa: E402


def options(data, out, base, **changes):
    return recipe.TrainOptions(**({"data": data, "out": out, "base": base, "rows": 0, "threads": 1} | changes))


def test_a_run_leaves_its_checkpoints_a_log_and_a_folder_of_weights(trained):
    assert {CHECKPOINT, recipe.PUBLIC_CHECKPOINT, "log.jsonl", "weights"} <= {path.name for path in trained.iterdir()}
    assert (trained / "weights" / "model.onnx").is_file()


def test_what_was_learned_is_in_the_checkpoint(trained, tiny_base):
    from headgate.models.train import net

    held = torch.load(trained / CHECKPOINT, weights_only=True)
    fresh = net.build(tiny_base).state_dict()
    assert held["state"]["rows"] == 96
    assert not torch.equal(held["net"]["marker_rows"], fresh["marker_rows"])
    words = "encoder.embeddings.word_embeddings.weight"
    assert torch.equal(held["net"][words], fresh[words])


def test_learning_makes_its_folder_and_needs_no_release(tiny_data, tiny_base, tmp_path):
    out = tmp_path / "deep" / "out"
    recipe.learn(options(tiny_data, out, tiny_base))
    assert [path.name for path in out.iterdir()] == [CHECKPOINT]


def test_resuming_a_spent_run_touches_neither_checkpoint_nor_data(trained, tiny_base, tmp_path):
    before = (trained / CHECKPOINT).stat().st_mtime_ns
    spent = options(tmp_path / "no data here", trained, tiny_base, resume=True, rows=96)
    recipe.learn(spent)
    assert (trained / CHECKPOINT).stat().st_mtime_ns == before


def test_resuming_where_nothing_was_saved_begins_anew(tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, resume=True))
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["state"]["rows"] == 0


def test_a_missing_data_folder_is_an_error_before_anything_is_learned(tiny_base, tmp_path):
    with pytest.raises(FileNotFoundError):
        recipe.learn(options(tmp_path / "none", tmp_path / "out", tiny_base))
    assert not (tmp_path / "out" / CHECKPOINT).exists()


def test_the_public_sets_teach_alone_before_our_own_rows_join(tiny_data):
    from headgate.models.train.loading import load_split
    from headgate.models.train.mix import OWN_SOURCE

    public, whole = recipe.phases(load_split(tiny_data).train)
    assert OWN_SOURCE not in {row.source for cell in public.pool for row in cell.rows}
    assert OWN_SOURCE in {row.source for cell in whole.pool for row in cell.rows}
    assert (public.until, whole.until) == (recipe.PUBLIC_UNTIL, 1.0)


def test_the_checkpoint_of_the_first_part_is_kept(trained):
    held = torch.load(trained / recipe.PUBLIC_CHECKPOINT, weights_only=True)
    assert held["state"]["rows"] == int(96 * recipe.PUBLIC_UNTIL)


def test_a_run_in_two_goes_is_the_same_run(trained, tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, rows=96, until=0.2))
    recipe.learn(options(tiny_data, tmp_path, tiny_base, rows=96, resume=True))
    two, one = (torch.load(folder / CHECKPOINT, weights_only=True) for folder in (tmp_path, trained))
    assert two["state"]["rows"] == one["state"]["rows"] == 96


def test_a_run_can_start_from_the_weights_of_another(trained, tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, start=trained / CHECKPOINT))
    made, given = (torch.load(folder / CHECKPOINT, weights_only=True)["net"] for folder in (tmp_path, trained))
    assert torch.equal(made["marker_rows"], given["marker_rows"])
