from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter.judge import BulkJudge
from headgate.guard.filter.place import Halted
from headgate.guard.filter.plan import Plan, Upstream
from headgate.guard.filter.regenerate import Regenerator, regenerates
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import Asked, checked, job_of
from headgate.guard.guard import Guard
from headgate.models.errors import ConfigError
from headgate.policies.compile import load_policy

from ...upstream import Reply, running
from ...upstream import Upstream as Server
from ..commands.shell import fake
from ..dialogue import BAD, WORSE
from .rows import left, read, write

ROWS: list[dict[str, Any] | bytes] = [
    {"id": 0, "prompt": "zero", "response": "Fine."},
    {"id": 1, "prompt": "one", "response": f"A {BAD} answer."},
    {"id": 2, "messages": [{"role": "user", "content": "two"}, {"role": "assistant", "content": f"{WORSE}!"}]},
    {"id": 3, "prompt": "stubborn", "response": f"A {BAD} answer."},
    {"id": 4, "prompt": "broken", "response": f"A {BAD} answer."},
    {"id": 5, "text": f"A {WORSE} post."},
    {"id": 6, "prompt": f"{WORSE} question", "response": f"A {BAD} answer."},
    {"id": 7, "prompt": "pair", "chosen": "Fine.", "rejected": f"A {BAD} answer."},
]


def _answer(body: dict[str, Any], number: int) -> Reply:
    asked = body["messages"][-1]["content"]
    if asked == "broken":
        return Reply(status=400)
    return Reply(texts=[f"Still {BAD}." if asked == "stubborn" else f"A kind answer to {asked}."])


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        found.script = _answer
        yield found


def _run(server: Server, tmp_path: Path, output: str = "out", **more: Any) -> Any:
    source = write(tmp_path / "in.jsonl", ROWS)
    asked = checked(
        Asked(
            inputs=(str(source),),
            output=str(tmp_path / output),
            **{"policy": "dataset-regenerate", "regenerate": True, "shard_rows": 3, **more},
            upstream=server.url,
            upstream_model="m",
        )
    )
    judge = BulkJudge(Guard(asked.policy, models=fake()), threads=2)
    try:
        with job_of(asked, judge) as job:
            return run_filter(job)
    finally:
        judge.close()


def test_rejected_answers_are_made_again_and_every_row_ends_in_one_place(server: Server, tmp_path: Path) -> None:
    report = _run(server, tmp_path)
    out = tmp_path / "out"
    found = {row["id"]: row["headgate"] for row in read(out, "regenerated.jsonl")}
    assert {number: note["answer"] for number, note in found.items()} == {
        1: "A kind answer to one.",
        2: "A kind answer to two.",
    }
    assert [one["action"] for one in found[1]["rounds"]] == ["regenerate", "allow"]
    assert (found[1]["reason"], found[1]["scores"]["unsafe"]) == ("answer made again: guideline, round 2", 0.0)
    assert {row["id"] for row in read(out, "dropped.jsonl")} == {3, 5, 6, 7}
    (error,) = read(out, "errors.jsonl")
    assert (error["reason"], json.loads(error["raw"])["id"]) == ("not made again: upstream answered 400", 4)
    assert (report.kept, report.regenerated, report.dropped, report.errors) == (1, 2, 4, 1)


def test_upstream_sees_the_question_and_guidance_and_never_the_rejected_answer(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path)
    asked = [body["messages"] for body in server.bodies]
    assert {messages[-1]["content"] for messages in asked} == {"one", "two", "stubborn", "broken"}
    assert all(messages[0]["role"] == "system" for messages in asked)
    assert not any(word in json.dumps(asked) for word in (BAD, WORSE))


def test_all_that_was_tried_stands_beside_a_row_that_could_not_be_helped(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path)
    (note,) = [row["headgate"] for row in read(tmp_path / "out", "dropped.jsonl") if row["id"] == 3]
    assert ("answer" in note, note["action"], len(note["rounds"])) == (False, "refuse", 3)


def test_a_run_that_stopped_goes_on_without_asking_again_for_what_it_has(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path, "whole")
    server.script = lambda body, number: (
        Reply(status=403) if body["messages"][-1]["content"] == "stubborn" else _answer(body, number)
    )
    with pytest.raises(Halted):
        _run(server, tmp_path)
    server.reset()
    server.script = _answer
    _run(server, tmp_path, resume=True)
    assert {body["messages"][-1]["content"] for body in server.bodies} == {"stubborn", "broken"}
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_tagging_keeps_the_rows_in_order_with_the_new_answers(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path, tag=True)
    found = read(tmp_path / "out", "tagged.jsonl")
    assert [row["id"] for row in found] == [0, 1, 2, 3, 5, 6, 7]
    assert [row["headgate"].get("answer") is not None for row in found] == [False, True, True, *[False] * 4]


def test_an_upstream_that_will_answer_nobody_ends_the_run(server: Server, tmp_path: Path) -> None:
    server.script = Reply(status=401)
    with pytest.raises(Halted, match=r"answered 401.*--key-env.*--resume"):
        _run(server, tmp_path)


def test_a_policy_that_never_makes_an_answer_again_is_refused(server: Server, tmp_path: Path) -> None:
    assert not regenerates(load_policy("dataset"))
    with pytest.raises(ConfigError, match="use dataset-regenerate"):
        _run(server, tmp_path, policy="dataset")


def test_its_threads_end(server: Server) -> None:
    upstream = Upstream(url=server.url, model="m")
    again = Regenerator(BulkJudge(Guard("dataset-regenerate", models=fake())), Plan(folder=""), upstream)
    again([])
    again.close()
