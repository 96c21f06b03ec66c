from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import recipe  # noqa: E402
from headgate.models.train.loop import CHECKPOINT  # noqa: E402


def options(data, out, base, **changes):
    return recipe.TrainOptions(**({"data": data, "out": out, "base": base, "rows": 0, "threads": 1} | changes))


def test_a_run_leaves_its_checkpoints_a_log_and_a_folder_of_weights(trained):
    assert {path.name for path in trained.iterdir()} >= {"seed-7", "seed-11", "weights", recipe.AVERAGED_CHECKPOINT}
    for seed in (7, 11):
        left = {path.name for path in (trained / f"seed-{seed}").iterdir()}
        assert {CHECKPOINT, recipe.PUBLIC_CHECKPOINT, "log.jsonl"} <= left
    assert (trained / "weights" / "model.onnx").is_file()


def test_what_was_learned_is_in_the_checkpoint(trained, tiny_base):
    from headgate.models.train import net

    held = torch.load(trained / "seed-7" / CHECKPOINT, weights_only=True)
    fresh = net.build(tiny_base).state_dict()
    assert held["state"]["rows"] == 96
    assert not torch.equal(held["net"]["marker_rows"], fresh["marker_rows"])
    words = "encoder.embeddings.word_embeddings.weight"
    assert torch.equal(held["net"][words], fresh[words])


def test_learning_makes_its_folder_and_needs_no_release(tiny_data, tiny_base, tmp_path):
    out = tmp_path / "deep" / "out"
    recipe.learn(options(tiny_data, out, tiny_base), seed=7)
    assert [path.name for path in (out / "seed-7").iterdir()] == [CHECKPOINT]


def test_resuming_a_spent_run_touches_neither_checkpoint_nor_data(trained, tiny_base, tmp_path):
    before = (trained / "seed-7" / CHECKPOINT).stat().st_mtime_ns
    spent = options(tmp_path / "no data here", trained, tiny_base, resume=True, rows=96)
    recipe.learn(spent, seed=7)
    assert (trained / "seed-7" / CHECKPOINT).stat().st_mtime_ns == before


def test_resuming_where_nothing_was_saved_begins_anew(tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, resume=True), seed=7)
    assert torch.load(tmp_path / "seed-7" / CHECKPOINT, weights_only=True)["state"]["rows"] == 0


def test_a_missing_data_folder_is_an_error_before_anything_is_learned(tiny_base, tmp_path):
    with pytest.raises(FileNotFoundError):
        recipe.learn(options(tmp_path / "none", tmp_path / "out", tiny_base), seed=7)
    assert not (tmp_path / "out" / "seed-7" / CHECKPOINT).exists()


def test_the_public_sets_teach_alone_before_our_own_rows_join(tiny_data):
    from headgate.models.train.loading import load_split
    from headgate.models.train.mix import OWN_SOURCE

    public, whole = recipe.phases(load_split(tiny_data).train)
    assert OWN_SOURCE not in {row.source for cell in public.pool for row in cell.rows}
    assert OWN_SOURCE in {row.source for cell in whole.pool for row in cell.rows}
    assert (public.until, whole.until) == (recipe.PUBLIC_UNTIL, 1.0)


def test_the_checkpoint_of_the_first_part_is_kept(trained):
    held = torch.load(trained / "seed-7" / recipe.PUBLIC_CHECKPOINT, weights_only=True)
    assert held["state"]["rows"] == int(96 * recipe.PUBLIC_UNTIL)


def test_a_run_in_two_goes_is_the_same_run(trained, tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, rows=96, until=0.2), seed=7)
    recipe.learn(options(tiny_data, tmp_path, tiny_base, rows=96, resume=True), seed=7)
    two, one = (torch.load(folder / "seed-7" / CHECKPOINT, weights_only=True) for folder in (tmp_path, trained))
    assert two["state"]["rows"] == one["state"]["rows"] == 96


def test_a_run_can_start_from_the_weights_of_another(trained, tiny_data, tiny_base, tmp_path):
    recipe.learn(options(tiny_data, tmp_path, tiny_base, start=trained / "seed-7" / CHECKPOINT), seed=7)
    made, given = (
        torch.load(folder / "seed-7" / CHECKPOINT, weights_only=True)["net"] for folder in (tmp_path, trained)
    )
    assert torch.equal(made["marker_rows"], given["marker_rows"])


def test_the_weights_are_a_mean_over_parts_and_seeds(trained):
    parts = [torch.load(trained / place, weights_only=True)["net"]["dense.weight"]
             for place in (f"seed-7/{recipe.PUBLIC_CHECKPOINT}", f"seed-7/{CHECKPOINT}", f"seed-11/{CHECKPOINT}")
             ]  # fmt: skip
    mean = torch.load(trained / recipe.AVERAGED_CHECKPOINT, weights_only=True)
    assert torch.allclose(mean["net"]["dense.weight"], (parts[0] + 2 * parts[1] + parts[2]) / 4, atol=1e-6)
    assert not torch.equal(parts[1], parts[2])
    assert mean["state"]["rows"] == 2 * 96


def test_one_run_alone_is_averaged_over_its_parts():
    public, last = Path("public"), Path("last")
    assert recipe.shares([[public, last]]) == [recipe.Share(public, 1), recipe.Share(last, 2)]
    assert recipe.shares([[last]]) == [recipe.Share(last, 2)]


def test_our_own_rows_come_in_couples(tiny_data):
    from headgate.models.train.loading import load_split

    public, whole = recipe.phases(load_split(tiny_data).train)
    assert not public.twins
    assert whole.twins
