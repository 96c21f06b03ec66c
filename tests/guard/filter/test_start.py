from __future__ import annotations

from pathlib import Path

import pytest

from headgate.guard.filter.judge import BulkJudge
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import Asked, checked, job_of, open_worker, plan_of
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


def test_a_worker_is_opened_by_name(tmp_path: Path) -> None:
    plan = plan_of(_asked(tmp_path, policy="off"))
    assert open_worker(plan, policy="off", model=None, threads=1).plan == plan
