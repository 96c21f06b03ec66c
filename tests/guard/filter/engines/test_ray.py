from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.guard.filter.engines.ray import Cluster, run_ray
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import open_worker
from headgate.models.errors import ConfigError

from ..rows import job, left, many, read, write

ray: Any = pytest.importorskip("ray")
pytest.importorskip("ray.data")

SETTINGS = {
    "RAY_raylet_start_wait_time_s": "240",
    "RAY_worker_register_timeout_seconds": "240",
    "RAY_object_store_allow_slow_storage": "1",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One Ray for all tests here, on free ports of its own; it may take its time to start on a busy machine.

    Its store is as small as Ray lets it be, so that the small /dev/shm of a container holds it, and a machine that is
    short of memory does not make it kill its workers.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        ray.init(
            address="local", num_cpus=3, object_store_memory=80 << 20, include_dashboard=False, log_to_driver=False,
            logging_level="error",
        )  # fmt: skip
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
    # Begun on one machine, resumed on the cluster.
    run_filter(job(None, tmp_path / "ray", first, second, rows=8, annotate=True, limit=40))
    report = run_filter(_on_ray(tmp_path / "ray", first, second, annotate=True, resume=True))
    assert report.complete
    assert left(tmp_path / "ray") == left(tmp_path / "local")
    assert json.loads((tmp_path / "ray" / "manifest.json").read_bytes())["complete"]
    assert len(read(tmp_path / "ray", "errors.jsonl")) == report.errors == 9


@pytest.mark.slow
def test_what_a_node_cannot_open_a_worker_with_is_told_as_it_is(tmp_path: Path) -> None:
    found = job(None, tmp_path / "out", write(tmp_path / "a.jsonl", many(5)))
    opens = partial(open_worker, policy="nobodys", model=None, threads=1)
    broken = msgspec.structs.replace(found, engine=partial(run_ray, opens, found.plan, cluster=Cluster(actors=1)))
    with pytest.raises(ConfigError, match=r"on a node of the cluster: .*nobodys"):
        run_filter(broken)
