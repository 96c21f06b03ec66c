from __future__ import annotations

from headgate.guard.filter.report import MOST_EXAMPLES, MOST_NAMES, Counts, Example, Run, add, report, total
from headgate.models.assessment import Severity
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Verdict

RUN = Run(inputs=("a",), sizes=(1,), columns={}, policy="p", policy_hash="h", mode="enforce", models=("m@0",))


def _finding(part: str) -> Finding:
    return Finding(
        category="insult",
        severity=Severity.MINOR,
        confidence=0.9,
        threshold=0.5,
        part=part,
        rule="output.minor",
        action=Action.FLAG,
    )


def test_a_row_counts_once_for_a_category_however_often_it_was_found() -> None:
    counts = Counts()
    counts.note(Verdict(action=Action.FLAG, findings=(_finding("a"), _finding("b"))), "review")
    missed = tuple(Missed(part=part, reason="too_long", action=Action.FLAG) for part in "ab")
    counts.note(Verdict(action=Action.FLAG, coverage=Coverage(unjudged=missed)), "review")
    assert counts.categories == {"insult": {"minor": 1}}
    assert counts.unjudged == {"too_long": 1}


def test_shares_and_rates_are_of_all_rows_and_of_this_start() -> None:
    counts = Counts()
    counts.note(Verdict(action=Action.ALLOW), "kept", times=3)
    counts.note_error()
    found = report(counts, RUN, complete=True, seconds=2.0, judged=4)
    assert found.shares == {"kept": 0.75, "dropped": 0.0, "review": 0.0, "errors": 0.25}
    assert found.rows_per_second == 2.0


def test_a_run_without_rows_has_a_report() -> None:
    found = report(Counts(), RUN, complete=True, seconds=0.0, judged=0)
    assert (found.rows, found.shares["kept"], found.rows_per_second) == (0, 0.0, 0.0)


def _counts(number: int) -> Counts:
    counts = Counts()
    counts.note(Verdict(action=Action.FLAG, findings=(_finding("a"),)), "review")
    counts.note_score("review", number / 10)
    counts.note_by("source", f"s{number}", "review")
    counts.note_example("review", Example(file="f", number=number, reason="r", text="t"))
    return counts


def test_counts_of_shards_add_up() -> None:
    whole = total(map(_counts, range(10)))
    assert (whole.rows, whole.actions, sum(whole.scores["review"])) == (10, {"flag": 10}, 10)
    assert len(whole.by["source"]) == 10


def test_names_and_examples_are_bounded() -> None:
    whole = Counts()
    for number in range(MOST_NAMES + 20):
        one = Counts()
        one.note_by("source", f"s{number}", "kept")
        one.note_example("kept", Example(file="f", number=number, reason="r", text="t"))
        add(whole, one)
    assert len(whole.by["source"]) == MOST_NAMES + 1
    assert whole.by["source"]["other"] == {"kept": 20}
    assert [one.number for one in whole.examples["kept"]] == list(range(MOST_EXAMPLES))
