from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.guard.filter.engines.ray import Cluster, run_ray
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import open_worker

from ..rows import job, left, many, read, write

ray: Any = pytest.importorskip("ray")
pytest.importorskip("ray.data")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One Ray for all tests here, which may take its time to start on a busy machine."""
    os.environ["RAY_raylet_start_wait_time_s"] = "240"  # noqa: SIM112 - its name
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="error")
    yield
    ray.shutdown()


def _on_ray(folder: Path, *inputs: Path, **more: Any) -> Any:
    found = job(None, folder, *inputs, rows=8, **more)
    opens = partial(open_worker, policy="off", model=None, threads=1)
    return msgspec.structs.replace(found, engine=partial(run_ray, opens, found.plan, cluster=Cluster(actors=2)))


@pytest.mark.slow
def test_a_cluster_of_several_workers_leaves_the_bytes_of_a_local_run(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.jsonl", many(60)), write(tmp_path / "b.jsonl", many(30))
    run_filter(job(None, tmp_path / "local", first, second, rows=8, annotate=True))
    report = run_filter(_on_ray(tmp_path / "ray", first, second, annotate=True, limit=40))
    assert (report.complete, report.rows + report.blank) == (False, 40)
    report = run_filter(_on_ray(tmp_path / "ray", first, second, annotate=True, resume=True))
    assert report.complete
    assert left(tmp_path / "ray") == left(tmp_path / "local")
    assert json.loads((tmp_path / "ray" / "manifest.json").read_bytes())["complete"]
    assert len(read(tmp_path / "ray", "errors.jsonl")) == report.errors == 9
