"""A Ray cluster: files are read by tasks, shards are judged by actors that hold the models, markers come back.

The folder must be on a disk that every node sees. Shards, pieces and resume are those of the local engine.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from ....models.errors import ConfigError, HeadgateError
from ..place import Halted
from ..plan import Plan
from ..shards import Reading, read_shards
from ..store import Marker
from ..work import Worker

Open = Callable[[Plan], Worker]

_SETTINGS: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "240"}

READER_CPUS: Final = 0.5
"""The share of a CPU that reading a file takes."""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Which cluster, how many actors (0: one for each CPU or GPU share there is) and GPUs of each, as 0.25."""

    address: str | None = None
    actors: int = 0
    gpus: float = 0.0


def _read(batch: dict[str, Any], reading: Reading) -> Iterator[dict[str, Any]]:
    """The shards of a batch of lists of files, one at a time."""
    for files in batch["files"]:
        for shard in read_shards(reading, [int(file) for file in files]):
            yield {"shard": [pickle.dumps(shard)]}


class _Actor:
    """A worker that stays, with its models."""

    def __init__(self, open_worker: Open, plan: Plan) -> None:
        try:
            self._work: Worker | HeadgateError = open_worker(plan)
        except HeadgateError as error:  # Ray would start the actor again and again
            self._work = error

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The markers of a batch of shards, or what ended the run there."""
        found = []
        work = self._work
        if isinstance(work, HeadgateError):
            return {"marker": [b"?" + str(work).encode()]}
        for data in batch["shard"]:
            try:
                found.append(msgspec.json.encode(work(pickle.loads(data))))
            except Halted as halt:
                found.append(b"!" + str(halt).encode())
        return {"marker": found}


def run_ray(open_worker: Open, plan: Plan, reading: Reading, *, cluster: Cluster) -> Iterator[Marker]:
    """The markers of all shards, in the order in which they are done; Halted where a worker cannot go on."""
    ray = _ray()
    started = not ray.is_initialized()
    if started:
        _start(ray, cluster)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # Shards are blocks of their own, or one actor would get all that fit into a block of Ray's usual size.
    context.target_max_block_size = 1 << 16
    try:
        parts = _parts(reading)
        done = (
            ray.data.from_items([{"files": one} for one in parts], override_num_blocks=len(parts))
            # Another share of a CPU than the actors', or Ray joins the two and a file is one actor's alone.
            .map_batches(_read, fn_args=(reading,), batch_size=1, num_cpus=READER_CPUS)
            .map_batches(
                _Actor,
                fn_constructor_args=(open_worker, plan),
                batch_size=1,
                compute=ray.data.ActorPoolStrategy(size=cluster.actors or _actors(ray, cluster.gpus)),
                num_gpus=cluster.gpus or None,
                num_cpus=None if cluster.gpus else 1,
            )
        )
        for row in done.iter_rows():
            yield _marker(row["marker"])
    finally:
        if started:
            ray.shutdown()


def _start(ray: Any, cluster: Cluster) -> None:
    quiet = {"log_to_driver": False, "configure_logging": False}
    if cluster.address:
        ray.init(address=cluster.address, **quiet)
        return
    # Nothing is told to others unless somebody says so, and a busy machine may take its time.
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # A local Ray needs room for a reader beside the actors, also on one core. Without an address Ray would join
    # whatever cluster was started here last.
    cores = max(cluster.actors, len(os.sched_getaffinity(0)), 1) + 1
    ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)


def _parts(reading: Reading) -> list[list[int]]:
    """The files of each reading task: one a task, or all in one where a limit counts over all of them."""
    files = list(range(len(reading.inputs)))
    return [files] if reading.limit is not None else [[file] for file in files]


def _marker(data: bytes) -> Marker:
    if data.startswith(b"!"):
        raise Halted(data[1:].decode())
    if data.startswith(b"?"):
        raise ConfigError(f"on a node of the cluster: {data[1:].decode()}")
    return msgspec.json.decode(data, type=Marker)


def _actors(ray: Any, gpus: float) -> int:
    there = ray.cluster_resources()
    share = there.get("GPU", 0) / gpus if gpus else there.get("CPU", 1) - 1
    return max(1, int(share))


def _ray() -> Any:
    try:
        import ray  # type: ignore[import-not-found,import-untyped,unused-ignore]
        import ray.data  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError as error:
        raise ConfigError("--engine ray needs Ray: pip install 'headgate[ray]'") from error
    return ray
