from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from headgate.guard.filter.judge import BulkJudge
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import Asked, checked, job_of, open_judge, open_worker, plan_of
from headgate.guard.guard import Guard
from headgate.models.errors import ConfigError

from ..commands.shell import fake
from .rows import read, write


def _asked(tmp_path: Path, **more: object) -> Asked:
    source = write(tmp_path / "in.jsonl", [{"text": f"line {n}"} for n in range(50)])
    return checked(Asked(inputs=(str(source),), output=str(tmp_path / "out"), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": ("-",), "resume": True},
        {"inputs": ("-",), "sample": 10},
        {"sample": 0},
        {"preset": "nobody's"},
        {"inputs": ("missing.jsonl",)},
        {"score_file": "scores.jsonl", "policy": "off"},
        {"score_file": "scores.jsonl", "regenerate": True},
        {"write_scores": True, "policy": "off"},
        {"regenerate": True},
        {"regenerate": True, "upstream": "http://localhost/v1"},
        {"regenerate": True, "upstream": "http://localhost/v1", "upstream_model": "m", "policy": "off"},
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        checked(Asked(**{"inputs": ("-",), "output": "out", **wrong}))  # type: ignore[arg-type]


def test_a_sample_of_so_many_rows_is_counted_first(tmp_path: Path) -> None:
    with job_of(_asked(tmp_path, policy="off", sample=7), None) as job:
        assert run_filter(job).rows == 7


def test_a_job_is_made_with_the_guard_it_is_given(tmp_path: Path) -> None:
    judge = BulkJudge(Guard("dataset", models=fake()), threads=2)
    with job_of(_asked(tmp_path, where=("text=line 1*",)), judge) as job:
        report = run_filter(job)
    judge.close()
    assert (report.kept, report.left_out, report.run.policy) == (11, 39, "dataset")


def test_only_a_run_that_looks_at_no_column_may_glance(tmp_path: Path) -> None:
    assert plan_of(_asked(tmp_path, policy="off")).glance
    assert not plan_of(_asked(tmp_path, policy="off", where=("a=b",))).glance
    assert not plan_of(_asked(tmp_path)).glance


@pytest.mark.slow
def test_several_processes_leave_what_one_leaves(tmp_path: Path) -> None:
    kept = []
    for processes in (1, 2):
        asked = _asked(tmp_path, policy="off", processes=processes, shard_rows=6, force=True, annotate=True)
        with job_of(asked, None) as job:
            run_filter(job)
        kept.append((tmp_path / "out" / "kept.jsonl").read_bytes())
    assert kept[0] == kept[1]
    assert len(read(tmp_path / "out", "kept.jsonl")) == 50


@pytest.mark.parametrize("item", ["web", "web=2", "=0.5", "web=x"])
def test_a_threshold_names_its_source_and_number(tmp_path: Path, item: str) -> None:
    assert plan_of(_asked(tmp_path, threshold=("a=b=0.25",))).thresholds == {"a=b": 0.25}
    with pytest.raises(ConfigError, match="--threshold"):
        plan_of(_asked(tmp_path, threshold=(item,)))


def test_scores_of_a_shipped_model_are_held_against_its_own_thresholds(tmp_path: Path) -> None:
    scores = write(tmp_path / "scores.jsonl", [{"unsafe": 0.1}] * 50)
    plan = plan_of(_asked(tmp_path, score_file=str(scores)))
    own, card = (
        open_judge(plan, policy="dataset", model=model, threads=1, target_fpr=None) for model in (None, "text")
    )
    assert own.rules().thresholds.default == 0.5
    assert card.rules().thresholds.default == Guard("dataset").rules.thresholds.default
    assert open_judge(plan, policy="dataset", model="text", threads=1, target_fpr=0.001).default is not None
    with pytest.raises(ConfigError, match="no false-alarm table"):
        open_judge(plan, policy="dataset", model=None, threads=1, target_fpr=0.001)


def test_an_output_is_a_path_or_a_url(tmp_path: Path) -> None:
    folder = Path(plan_of(_asked(tmp_path)).folder)
    assert folder == tmp_path / "out"
    asked = msgspec.structs.replace(_asked(tmp_path), output="s3://bucket/out")
    assert plan_of(asked).folder == "s3://bucket/out"
    assert plan_of(msgspec.structs.replace(asked, output=f"file://{folder}")).folder == str(folder)


def test_a_worker_is_opened_by_name(tmp_path: Path) -> None:
    plan = plan_of(_asked(tmp_path, policy="off"))
    assert open_worker(plan, policy="off", model=None, threads=1).plan == plan
