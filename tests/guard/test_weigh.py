from __future__ import annotations

from headgate.guard.weigh import merged, question_of, risk, weigh
from headgate.models.assessment import Unjudged
from headgate.models.content import Image, Role, Text
from headgate.models.fakes import scores
from headgate.policies.decide import Decision
from headgate.policies.verdict import Action, Coverage, Missed

from .dialogue import rules

BAD = scores(unsafe=0.9, severity=2, categories={"violence": 0.9})


def test_merging_keeps_the_strongest_finding_of_each_part_and_category() -> None:
    part = Text(text="x", role=Role.ASSISTANT, path="response[0].content")
    weak = weigh(rules(), [part], [scores(unsafe=0.9, severity=1, categories={"violence": 0.6})])
    strong = weigh(rules(), [part], [BAD])
    both = merged([weak, strong, weak])
    assert both.findings == strong.findings
    assert both.action is Action.REGENERATE
    assert both.coverage.judged == ("response[0].content",)


def test_a_path_judged_in_one_piece_and_missed_in_another_counts_as_missed() -> None:
    judged = Decision(coverage=Coverage(judged=("a", "b")))
    missed = Missed(part="a", reason="deadline", action=Action.REFUSE)
    both = merged([judged, Decision(action=Action.REFUSE, coverage=Coverage(unjudged=(missed,)))])
    assert both.coverage == Coverage(judged=("b",), unjudged=(missed,))


def test_merging_nothing_allows() -> None:
    assert merged([]) == Decision()


def test_what_was_not_judged_is_the_riskiest_candidate() -> None:
    assert risk([scores(unsafe=0.4), Unjudged(reason="deadline")]) == 1.0
    assert risk([]) == 0.0


def test_the_question_is_the_last_user_message_in_full() -> None:
    parts = [
        Text(text="old", path="messages[0].content"),
        Text(text="new", path="messages[2].content[0]"),
        Image(url="x", path="messages[2].content[1]"),
        Text(text="more", path="messages[2].content[2]"),
        Text(text="tool says", role=Role.TOOL_RESULT, path="messages[3].content"),
    ]
    assert question_of(parts) == "new\nmore"
    assert question_of([]) == ""
