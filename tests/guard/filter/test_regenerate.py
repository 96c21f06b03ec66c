from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.guard.filter import start, upstream
from headgate.guard.filter.answers import Answers
from headgate.guard.filter.judge import BulkJudge
from headgate.guard.filter.place import Halted
from headgate.guard.filter.plan import Plan, Upstream
from headgate.guard.filter.regenerate import Regenerator, regenerates
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import Asked, checked, job_of
from headgate.guard.filter.store import SHARDS
from headgate.guard.guard import Guard
from headgate.models.assessment import Unjudged
from headgate.models.errors import ConfigError
from headgate.models.fakes import FakeClassifier
from headgate.policies.compile import load_policy

from ...upstream import Reply, running
from ...upstream import Upstream as Server
from ..commands.shell import fake
from ..dialogue import BAD, WORSE
from .rows import Counting, job, left, read, write

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


def _run(server: Server, tmp_path: Path, output: str = "out", rows: Any = ROWS, models: Any = None, **more: Any) -> Any:
    source = write(tmp_path / "in.jsonl", rows)
    asked = checked(
        Asked(
            inputs=(str(source),),
            output=str(tmp_path / output),
            **{
                "policy": "dataset-regenerate",
                "regenerate": True,
                "upstream": server.url,
                "upstream_model": "m",
                "shard_rows": 3,
                "processes": 1,
                **more,
            },
        )
    )
    judge = BulkJudge(Guard(asked.policy, models=models or fake()), threads=2)
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


@pytest.mark.parametrize("tag", [False, True])
def test_a_new_answer_that_nobody_judged_is_for_a_person_to_look_at(server: Server, tmp_path: Path, tag: bool) -> None:
    models = FakeClassifier({"kind answer to two": Unjudged(reason="timeout"), **fake().rules})
    report = _run(server, tmp_path, models=models, tag=tag)
    rows = read(tmp_path / "out", "tagged.jsonl" if tag else "review.jsonl")
    (note,) = [row["headgate"] for row in rows if row["id"] == 2]
    assert note["reason"] == "not judged: response[0].content: timeout, in the answer made again"
    assert (note["answer"], len(note["rounds"])) == ("A kind answer to two.", 2)
    assert (report.regenerated, report.review, report.unjudged) == (1, 1, {"timeout": 1})


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


PASSING = {
    "busy": Reply(status=429, headers={"retry-after": "0"}),
    "down": Reply(status=503, headers={"retry-after": "0"}),
    "late": Reply(fault="hang"),
}


@pytest.mark.parametrize("fault", sorted(PASSING))
@pytest.mark.parametrize("tag", [False, True])
def test_rows_whose_upstream_failed_for_a_while_are_tried_again_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, tag: bool
) -> None:
    monkeypatch.setattr(upstream, "_FIRST_WAIT", 0.0)
    _run(server, tmp_path, "whole", tag=tag)
    failing = {"one", "stubborn"}
    _fail(server, lambda asked, number: PASSING[fault] if asked in failing else None)
    if fault == "late":
        monkeypatch.setattr(upstream, "ATTEMPTS", 1)
        monkeypatch.setattr(start, "_upstream", _hasty)
    report = _run(server, tmp_path, tag=tag)
    server.release.set()
    monkeypatch.undo()
    found = {json.loads(row["raw"])["id"]: row["reason"] for row in read(tmp_path / "out", "errors.jsonl")}
    assert sorted(found) == [1, 3, 4]
    assert (report.errors, report.waiting, report.complete) == (3, 2, False)

    server.reset()
    server.script = _answer
    report = _run(server, tmp_path, resume=True, tag=tag)
    # The rejected request stands in a shard that is made anew, and is final all the same.
    assert {body["messages"][-1]["content"] for body in server.bodies} == {*failing, "broken"}
    assert (report.errors, report.waiting, report.complete) == (1, 0, True)
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    assert not (tmp_path / "out" / SHARDS).exists()


def test_a_row_is_asked_about_from_where_its_upstream_failed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "_FIRST_WAIT", 0.0)
    _run(server, tmp_path, "whole")
    rounds = [body for body in server.bodies if body["messages"][-1]["content"] == "stubborn"]
    assert len(rounds) == 2
    _fail(server, lambda asked, number: Reply(status=500) if asked == "stubborn" and number > 0 else None)
    assert _run(server, tmp_path).waiting == 1
    server.reset()
    server.script = _answer
    _run(server, tmp_path, resume=True)
    asked = [body for body in server.bodies if body["messages"][-1]["content"] == "stubborn"]
    assert asked == rounds[1:]
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_a_run_may_be_resumed_while_its_upstream_still_fails(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "_FIRST_WAIT", 0.0)
    _run(server, tmp_path, "whole")
    server.script = lambda body, number: Reply(status=503)
    assert _run(server, tmp_path).waiting == 4
    _fail(server, lambda asked, number: Reply(status=503) if asked == "two" else None)
    assert _run(server, tmp_path, resume=True).waiting == 1
    server.reset()
    server.script = _answer
    assert _run(server, tmp_path, resume=True).complete
    assert {body["messages"][-1]["content"] for body in server.bodies} == {"two"}
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_answers_that_were_paid_for_outlive_a_run_that_stops(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path, "whole")
    _fail(server, lambda asked, number: Reply(status=403) if asked == "two" else None)
    # One at a time, so that the first answer is there when the second row ends the run.
    with pytest.raises(Halted):
        _run(server, tmp_path, concurrency=1)
    server.reset()
    server.script = _answer
    _run(server, tmp_path, resume=True)
    assert "one" not in {body["messages"][-1]["content"] for body in server.bodies}
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def _fail(server: Server, fault: Callable[[str, int], Reply | None]) -> None:
    """Fails requests by what they ask and how often that was asked before."""
    counts: Counter[str] = Counter()

    def script(body: dict[str, Any], number: int) -> Reply:
        asked = body["messages"][-1]["content"]
        counts[asked] += 1
        return fault(asked, counts[asked] - 1) or _answer(body, number)

    server.script = script


def _hasty(asked: Asked) -> Upstream:
    # Long enough for all other rows on a machine that has much to do.
    return Upstream(url=asked.upstream or "", model=asked.upstream_model or "", timeout=4.0)


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
    behind = Upstream(url=server.url, model="m")
    again = Regenerator(BulkJudge(Guard("dataset-regenerate", models=fake())), Plan(folder=""), behind)
    again([], Answers())
    again.close()


def test_the_scores_that_are_written_are_the_rows_own(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path, write_scores=True)
    scores = tmp_path / "out" / "scores.jsonl"
    assert {line["line"] for line in read(tmp_path / "out", "scores.jsonl")} == {*range(1, 9)}
    report = run_filter(job(Counting(), tmp_path / "again", tmp_path / "in.jsonl", scores=str(scores)))
    assert [row["id"] for row in read(tmp_path / "again", "kept.jsonl")] == [0]
    assert report.unjudged == {}


PNG = b64encode(b"\x89PNG\r\n\x1a\nrest").decode()


def test_images_of_a_row_are_sent_and_other_media_are_an_error(server: Server, tmp_path: Path) -> None:
    row = {"response": f"A {BAD} answer."}
    rows = [
        {"id": 0, "prompt": "one", "image": f"data:image/png;base64,{PNG}", **row},
        {"id": 1, "prompt": "two", "video": "https://a.example/b.mp4", **row},
    ]
    server.script = Reply(texts=["A kind answer."])
    _run(server, tmp_path, rows=rows)
    (body,) = server.bodies
    words, image = body["messages"][-1]["content"]
    assert (words["text"], image["image_url"]["url"]) == ("one", f"data:image/png;base64,{PNG}")
    (error,) = read(tmp_path / "out", "errors.jsonl")
    assert error["reason"] == "not made again: media: video is no image, and only those are sent"


def test_a_run_whose_upstream_was_misspelt_goes_on_under_another_name(server: Server, tmp_path: Path) -> None:
    server.script = lambda body, number: Reply(status=404) if body["model"] == "typo" else _answer(body, number)
    with pytest.raises(Halted, match=r"404.*--resume \(with --mix under another name\)"):
        _run(server, tmp_path, upstream_model="typo")
    with pytest.raises(ConfigError, match=r"changed since: upstream \(.*--mix"):
        _run(server, tmp_path, resume=True)
    _run(server, tmp_path, resume=True, mix=True)
    _run(server, tmp_path, "whole")
    assert left(tmp_path / "out") == left(tmp_path / "whole")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert (manifest["mixed"][0]["upstream"], manifest["run"]["upstream"]) == (f"{server.url} typo", f"{server.url} m")


def test_what_was_answered_before_a_limit_is_not_asked_again(server: Server, tmp_path: Path) -> None:
    _run(server, tmp_path, limit=2)
    assert len(server.bodies) == 1
    _run(server, tmp_path, resume=True)
    assert [body["messages"][-1]["content"] for body in server.bodies].count("one") == 1
    _run(server, tmp_path, "whole")
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_a_limit_before_a_row_that_waits_loses_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "_FIRST_WAIT", 0.0)
    _run(server, tmp_path, "whole")
    _fail(server, lambda asked, number: Reply(status=503) if asked == "stubborn" else None)
    assert _run(server, tmp_path).waiting == 1
    assert not _run(server, tmp_path, resume=True, limit=3).complete
    server.script = _answer
    assert _run(server, tmp_path, resume=True).complete
    assert left(tmp_path / "out") == left(tmp_path / "whole")


def test_an_answer_that_was_cut_off_is_an_error(server: Server, tmp_path: Path) -> None:
    server.script = Reply(texts=["A kind answer that"], finish_reason="length")
    report = _run(server, tmp_path, rows=ROWS[:2])
    assert (report.regenerated, report.errors, report.waiting) == (0, 1, 0)


class Local(FakeClassifier):
    """In this process, as the embedded model: bulk judges with it without the guard's memo."""

    local = True


def test_a_new_answer_is_judged_once_and_the_threads_end_with_the_job(server: Server, tmp_path: Path) -> None:
    model = Local(fake().rules)
    _run(server, tmp_path, rows=ROWS[:2], models=model)
    assert [getattr(part, "text", "") for part in model.judged].count("A kind answer to one.") == 1
    assert not [one for one in threading.enumerate() if one.name.startswith("headgate-again")]
