from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

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
    settings: Any = {"processes": 1, **more}
    return checked(Asked(inputs=(str(source),), output=str(tmp_path / "out"), **settings))


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


SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"http://user:{SECRET}@host/v1", "--key-env"),
        (f"{SECRET}@host/v1", "http://HOST:PORT/v1"),
        (f"https://host/v1?api_key={SECRET}", "query"),
        (f"https://host/v1#{SECRET}", "query"),
        (f"http://host:{SECRET}/v1", "no such host or port"),
        ("http://host:99999/v1", "no such host or port"),
        ("http://[::1/v1", "no such host or port"),
        ("http://h..x/v1", "no such host or port"),
        (f"http://{'h' * 64}/v1", "no such host or port"),
        ("http://host:0/v1", "no such host or port"),
        ("http://host/v1 b", "no URL"),
    ],
)
def test_an_upstream_is_an_address_and_nothing_more(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        _asked(tmp_path, regenerate=True, upstream=url, upstream_model="m")
    assert SECRET not in str(caught.value)


def test_inputs_of_one_name_need_a_key_for_scores(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        names.append(str(write(tmp_path / folder / "rows.jsonl", [{"text": folder}])))
    asked = Asked(inputs=tuple(names), output=str(tmp_path / "out"))
    for more in ({"score_file": "scores.jsonl"}, {"write_scores": True}):
        with pytest.raises(ConfigError, match="the same name"):
            checked(msgspec.structs.replace(asked, **more))
        checked(msgspec.structs.replace(asked, score_key="id", **more))
    checked(asked)


def test_what_no_worker_could_be_opened_with_is_found_before_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = write(tmp_path / "scores.jsonl", [{"unsafe": 2}])
    again = {"regenerate": True, "upstream": "http://localhost:9/v1", "upstream_model": "m"}
    monkeypatch.delenv("NO_KEY", raising=False)
    faults: list[tuple[dict[str, object], str]] = [
        ({"score_file": str(scores)}, "scores.jsonl:1: unsafe"),
        ({**again, "policy": "dataset"}, "use dataset-regenerate"),
        ({**again, "policy": "dataset-regenerate", "key_env": "NO_KEY"}, "--key-env NO_KEY"),
    ]
    for engine in ("local", "ray"):
        for more, said in faults:
            asked = _asked(tmp_path, processes=2, engine=engine, **more)
            judge = BulkJudge(Guard(asked.policy, models=fake()), threads=1)
            with pytest.raises(ConfigError, match=said), job_of(asked, judge):
                pass
            judge.close()


def test_a_plain_list_of_scores_is_held_against_its_input(tmp_path: Path) -> None:
    scores = write(tmp_path / "scores.jsonl", [{"unsafe": 0.1}])
    asked = _asked(tmp_path, score_file=str(scores))
    write(tmp_path / "in.jsonl", [b"\n", {"text": "a"}])
    judge = BulkJudge(Guard("dataset", models=fake()), threads=1)
    with pytest.raises(ConfigError, match=r"in\.jsonl:1: a blank line"), job_of(asked, judge):
        pass
    judge.close()


def test_processes_share_what_upstream_works_on_at_a_time(tmp_path: Path) -> None:
    asked = _asked(tmp_path, regenerate=True, upstream="http://localhost:9/v1", upstream_model="m", concurrency=8)
    asked = msgspec.structs.replace(asked, policy="dataset-regenerate")
    judge = BulkJudge(Guard(asked.policy, models=fake()), threads=1)
    for processes, each in ((3, 2), (16, 1)):
        with job_of(msgspec.structs.replace(asked, processes=processes), judge) as job:
            assert isinstance(job.engine, partial)
            plan = job.engine.args[1]
            assert plan.upstream.concurrency == each
    judge.close()


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
