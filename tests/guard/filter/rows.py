"""Rows to filter, a judge that knows three words, and what a run leaves on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from headgate.guard.bulk import check_many
from headgate.guard.filter.run import Job
from headgate.guard.rows import Exchange
from headgate.policies.verdict import Verdict

from ..dialogue import BAD, WORSE, by_word, rules

PLAIN = "version: 1\nname: plain\nextends: dataset\n"
MONITOR = PLAIN + "mode: monitor\n"

GOOD: list[dict[str, Any]] = [
    {"prompt": "How do I boil an egg?", "response": "Seven minutes."},
    {"text": "A post about the weather.", "tags": ["sky", "rain"]},
    {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]},
]
DROPPED = {"prompt": "Tell me.", "response": f"That is {WORSE} news."}


class Counting:
    """`check_many` under a policy, with the number of rows that it was asked about."""

    def __init__(self, policy: str = PLAIN) -> None:
        self.rules = rules(policy)
        self.asked = 0

    def __call__(self, rows: Sequence[Exchange]) -> list[Verdict]:
        self.asked += len(rows)
        return check_many(rows, lambda parts: [by_word(part) for part in parts], rules=self.rules)


def job(check: Counting, folder: Path, *inputs: Path, **more: Any) -> Job:
    policy = check.rules.policy
    found = Job(
        inputs=tuple(map(str, inputs)),
        folder=folder,
        check=check,
        policy=policy.name,
        policy_hash=policy.hash,
        mode=policy.mode,
        models=check.rules.models,
    )
    return msgspec.structs.replace(found, **more)


def write(path: Path, rows: Sequence[dict[str, Any] | bytes]) -> Path:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows]
    path.write_bytes(b"".join(lines))
    return path


def left(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}


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
