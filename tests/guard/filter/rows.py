"""Rows to filter, a judge that knows two words, and what a run leaves on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from headgate.guard.bulk import Concluded, conclude_many
from headgate.guard.filter.engines.local import run_threads
from headgate.guard.filter.plan import Plan
from headgate.guard.filter.run import Job
from headgate.guard.filter.work import Worker
from headgate.guard.rows import Exchange
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Part, Text

from ..dialogue import BAD, WORSE, by_word, rules

PLAIN = "version: 1\nname: plain\nextends: dataset\n"
MONITOR = PLAIN + "mode: monitor\n"

GOOD: list[dict[str, Any]] = [
    {"prompt": "How do I boil an egg?", "response": "Seven minutes."},
    {"text": "A post about the weather.", "tags": ["sky", "rain"]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]},
]
DROPPED = {"prompt": "Tell me.", "response": f"That is {WORSE} news."}
PLANNED = (
    "columns",
    "preset",
    "tag",
    "annotate",
    "spare_rejected",
    "where",
    "compression",
    "examples",
    "thresholds",
    "glance",
    "scores",
    "score_key",
    "write_scores",
)


class Counting:
    """A judge under a policy, with the number of rows that it was asked about."""

    def __init__(self, policy: str = PLAIN) -> None:
        self.rules = rules(policy)
        self.asked = 0

    def __call__(self, rows: Sequence[Exchange], *, threshold: float | None = None) -> list[Concluded]:
        self.asked += len(rows)
        rules = self.rules
        if threshold is not None:
            thresholds = msgspec.structs.replace(rules.thresholds, default=threshold)
            rules = msgspec.structs.replace(rules, thresholds=thresholds)
        return conclude_many(rows, lambda parts: [_by_word(part) for part in parts], rules=rules)


def _by_word(part: Part) -> Assessment:
    return by_word(part) if isinstance(part, Text) else Unjudged(reason="no_classifier")


def job(check: Counting | None, folder: Path, *inputs: Path | str, threads: int = 1, **more: Any) -> Job:
    """A job in this process; `more` are settings of the job or its plan."""
    planned = {name: more.pop(name) for name in PLANNED if name in more}
    plan = Plan(folder=more.pop("folder_url", None) or str(folder), **planned)
    policy = check.rules.policy if check is not None else None
    found = Job(
        inputs=tuple(map(str, inputs)),
        plan=plan,
        engine=partial(run_threads, Worker(plan, check), threads=threads),
        policy=policy.name if policy else "off",
        policy_hash=policy.hash if policy else "",
        mode=policy.mode if policy else "off",
        models=check.rules.models if check is not None else (),
        shard_rows=more.pop("rows", 2048),
    )
    return msgspec.structs.replace(found, **more)


def write(path: Path, rows: Sequence[dict[str, Any] | bytes]) -> Path:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows]
    path.write_bytes(b"".join(lines))
    return path


def left(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in ("report.json", "report.html", "manifest.json")
    }


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def many(count: int) -> list[dict[str, Any] | bytes]:
    rows: list[dict[str, Any] | bytes] = []
    for index in range(count):
        word = (WORSE, BAD, "fine", "fine", "fine")[index % 5]
        rows.append({"id": index, "prompt": f"question {index}", "response": f"A {word} answer to {index}."})
        if index % 11 == 0:
            rows.append(b"not a row\n")
        if index % 13 == 0:
            rows.append(b"\n")
    return rows
