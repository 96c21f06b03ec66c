"""From what a person asked for to a job: the guard, the engine, the sample."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from ...models.errors import ConfigError
from ..files import STDIN
from ..rows import columns
from .formats.block import Size
from .formats.choose import compression_of, inputs_of, open_format
from .place import is_remote, local
from .plan import Plan, Upstream
from .presets import checked_name
from .run import Engine, Job
from .shards import SHARD_BYTES, SHARD_ROWS
from .where import conditions, cutoff_for, cutoff_of
from .work import Worker

if TYPE_CHECKING:
    from ...models.assemble import Named
    from .judge import BulkJudge
    from .regenerate import Regenerator
    from .scores import ScoreFile

OFF: Final = "off"
BULK_TIMEOUT: Final = 600.0
"""Seconds that one judgement may take where nobody waits for it."""
TRIVIAL_ROWS: Final = 16_384
"""Rows of a shard that nobody judges."""
AGAIN_ROWS: Final = 128
"""Rows of a shard whose answers are made again: what a kill loses was paid for."""
CORES_A_PROCESS: Final = 4
"""Above this many cores a second process pays: Python's own part of the work is no longer small."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of `headgate filter` and `headgate tag`, as their options name them."""

    inputs: tuple[str, ...]
    output: str
    tag: bool = False
    policy: str = "dataset"
    model: str | None = None
    mapping: tuple[str, ...] = ()
    preset: str = ""
    where: tuple[str, ...] = ()
    limit: int | None = None
    sample: float | None = None
    seed: int = 0
    resume: bool = False
    force: bool = False
    mix: bool = False
    max_errors: int | None = None
    annotate: bool = False
    spare_rejected: bool = False
    split: bool = False
    report: bool = False
    engine: str = "local"
    processes: int = 0
    shard_rows: int | None = None
    target_fpr: float | None = None
    threshold: tuple[str, ...] = ()
    gpus: float = 0.0
    address: str | None = None
    score_file: str | None = None
    score_key: str = ""
    write_scores: bool = False
    regenerate: bool = False
    upstream: str | None = None
    upstream_model: str | None = None
    key_env: str = ""
    concurrency: int = 8
    command: tuple[str, ...] = ()


def checked(asked: Asked) -> Asked:
    """The same with the files that its inputs stand for; ConfigError says what does not go together."""
    names = tuple(inputs_of(asked.inputs))
    if asked.resume and STDIN in names:
        raise ConfigError("--resume needs files: what came on stdin cannot be read again")
    if asked.sample is not None and asked.sample <= 0:
        raise ConfigError("--sample takes a share below 1 or a number of rows")
    if asked.sample is not None and asked.sample >= 1 and STDIN in names:
        raise ConfigError("--sample N reads the input twice: give files, or a share below 1")
    if asked.score_file is not None and asked.policy == OFF:
        raise ConfigError("--score-file is for a policy to judge by: leave out --policy off")
    if asked.score_file is not None and asked.regenerate:
        raise ConfigError("--regenerate judges new answers: it needs a model, not --score-file")
    if asked.write_scores and asked.policy == OFF:
        raise ConfigError("--write-scores: with the policy off nothing is judged")
    if asked.regenerate and not (asked.upstream and asked.upstream_model):
        raise ConfigError("--regenerate asks an upstream: name it with --upstream URL and --upstream-model NAME")
    if asked.regenerate and asked.policy == OFF:
        raise ConfigError("--regenerate needs a policy that says which answers to make again, as dataset-regenerate")
    checked_name(asked.preset)
    if (asked.score_file is not None or asked.write_scores) and not asked.score_key and len(names) > 1:
        from .scores import check_names

        check_names(names)
    if asked.regenerate:
        from .upstream import address

        address(asked.upstream or "")
    return msgspec.structs.replace(asked, inputs=names)


def plan_of(asked: Asked) -> Plan:
    """What every worker must know."""
    layout, where = columns(asked.mapping), conditions(asked.where)
    return Plan(
        folder=asked.output if is_remote(asked.output) else str(local(asked.output).absolute()),
        columns=layout,
        preset=asked.preset,
        tag=asked.tag,
        annotate=asked.annotate,
        spare_rejected=asked.spare_rejected,
        where=where,
        compression=compression_of(asked.inputs),
        examples=asked.report,
        thresholds=_thresholds(asked.threshold),
        glance=asked.policy == OFF and not where,
        scores=asked.score_file or "",
        score_key=asked.score_key,
        write_scores=asked.write_scores,
        alone=len(asked.inputs) == 1,
        upstream=_upstream(asked),
    )


def _upstream(asked: Asked) -> Upstream | None:
    if not asked.regenerate:
        return None
    return Upstream(
        url=asked.upstream or "",
        model=asked.upstream_model or "",
        key_env=asked.key_env,
        concurrency=asked.concurrency,
    )


@contextmanager
def job_of(asked: Asked, judge: BulkJudge | None) -> Iterator[Job]:
    """The job of checked settings; `judge` is None where the policy is off. Its threads end with the context."""
    plan = plan_of(asked)
    rows = asked.shard_rows or (TRIVIAL_ROWS if judge is None else AGAIN_ROWS if asked.regenerate else SHARD_ROWS)
    policy = judge.guard.policy if judge is not None else None
    with ExitStack() as stack:
        yield Job(
            inputs=asked.inputs,
            plan=plan,
            engine=_engine(asked, plan, judge, stack),
            policy=policy.name if policy is not None else OFF,
            policy_hash=policy.hash if policy is not None else "",
            mode=policy.mode if policy is not None else OFF,
            models=judge.guard.rules.models if judge is not None else (),
            resume=asked.resume,
            force=asked.force,
            mix=asked.mix,
            limit=asked.limit,
            cutoff=_cutoff(asked, rows),
            seed=asked.seed,
            max_errors=asked.max_errors,
            shard_rows=rows,
            split=asked.split,
            options={
                "target_fpr": "" if asked.target_fpr is None else str(asked.target_fpr),
                "threshold": " ".join(asked.threshold),
            },
            upstream=f"{asked.upstream} {asked.upstream_model}" if asked.regenerate else "",
            command=asked.command,
        )


def open_judge(plan: Plan, *, policy: str, model: str | None, threads: int, target_fpr: float | None) -> BulkJudge:
    """The judge of a worker process: the same policy and model by name."""
    from ..guard import Guard
    from .judge import BulkJudge

    guard = Guard(policy, models=models_of(plan.scores, model), timeout=BULK_TIMEOUT)
    return BulkJudge(guard, threads=threads, target_fpr=target_fpr)


def models_of(scores: str, model: Named | None) -> Named | None:
    """What judges: the model, or nobody but a file of scores, with the thresholds of that model's card."""
    if not scores:
        return model
    from ...models.manifest import verify
    from ...models.registry import resolve
    from .scores import Brought

    return Brought(scores, weights=verify(resolve(model)) if isinstance(model, str) else None)


def open_worker(plan: Plan, *, policy: str, model: str | None, threads: int, target_fpr: float | None = None) -> Worker:
    """The worker of a process; travels to it by name."""
    if policy == OFF:
        return Worker(plan, None)
    judge = open_judge(plan, policy=policy, model=model, threads=threads, target_fpr=target_fpr)
    return Worker(plan, judge, again=_again(plan, judge))


def _again(plan: Plan, judge: BulkJudge | None) -> Regenerator | None:
    """What makes answers again, where the plan says so."""
    if judge is None or plan.upstream is None:
        return None
    from .regenerate import Regenerator

    return Regenerator(judge, plan, plan.upstream)


def _scores(plan: Plan, inputs: tuple[str, ...]) -> ScoreFile | None:
    """The file of scores, where there is one; ConfigError where rows could get those of others."""
    if not plan.scores:
        return None
    from .scores import ScoreFile, check_order

    scores = ScoreFile(plan.scores, key=plan.score_key, alone=plan.alone)
    if scores.plain:
        check_order(inputs[0])
    return scores


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _engine(asked: Asked, plan: Plan, judge: BulkJudge | None, stack: ExitStack) -> Engine:
    """Who works. What a worker could not be opened with is found here, before there are any."""
    processes = asked.processes or max(1, cores() // CORES_A_PROCESS)
    scores, again = _scores(plan, asked.inputs), _again(plan, judge)
    if scores is not None:
        stack.callback(scores.close)
    if again is not None:
        stack.callback(again.close)
    if asked.engine == "ray":
        from .engines.ray import Cluster, run_ray

        cluster = Cluster(address=asked.address, actors=asked.processes, gpus=asked.gpus)
        opens = partial(open_worker, policy=asked.policy, model=asked.model, threads=1, target_fpr=asked.target_fpr)
        return partial(run_ray, opens, _shared(plan, max(1, asked.processes)), cluster=cluster)
    from .engines.local import run_processes, run_threads

    if processes == 1:
        threads = 1 if judge is None else judge.threads + 1
        return partial(run_threads, Worker(plan, judge, scores=scores, again=again), threads=threads)
    share = max(1, cores() // processes)
    opens = partial(open_worker, policy=asked.policy, model=asked.model, threads=share, target_fpr=asked.target_fpr)
    return partial(run_processes, opens, _shared(plan, processes), processes=processes)


def _shared(plan: Plan, processes: int) -> Plan:
    """The plan of one process of several, which share what upstream works on at a time, at least one each."""
    if plan.upstream is None:
        return plan
    each = max(1, plan.upstream.concurrency // processes)
    return msgspec.structs.replace(plan, upstream=msgspec.structs.replace(plan.upstream, concurrency=each))


def _thresholds(items: tuple[str, ...]) -> dict[str, float]:
    """The thresholds of `SOURCE=NUMBER` items; ConfigError for others."""
    found = {}
    for item in items:
        source, _, number = item.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not source or not 0 <= value <= 1:
            raise ConfigError(f"--threshold {item}: write SOURCE=NUMBER with a number between 0 and 1")
        found[source] = value
    return found


def _cutoff(asked: Asked, rows: int) -> int | None:
    """The cutoff of the sample; a number of rows is counted first."""
    if asked.sample is None:
        return None
    if asked.sample < 1:
        return cutoff_for(asked.sample)
    size = Size(rows, SHARD_BYTES)
    places = (
        (file, number)
        for file, name in enumerate(asked.inputs)
        for block in open_format(name).blocks(name, size=size, wanted=None)
        for number in block.numbers
    )
    return cutoff_of(places, round(asked.sample), seed=asked.seed)
