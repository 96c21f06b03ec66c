from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.weigh import judged_of, merged, question_of, risk, weigh
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Image, Part, Role, Text
from headgate.models.fakes import scores
from headgate.policies.decide import Decision, decide
from headgate.policies.verdict import Action, Coverage, Missed

from .dialogue import rules

BAD = scores(unsafe=0.9, severity=2, categories={"violence": 0.9})


PROBABILITIES = st.sampled_from([0.0, 0.2, 0.34, 0.49, 0.5, 0.9])
ASSESSMENTS: st.SearchStrategy[Assessment] = st.one_of(
    st.builds(
        lambda unsafe, attack, sensitive, rung: msgspec.structs.replace(
            scores(unsafe=unsafe, categories={"prompt_attack": attack}, sensitive=sensitive), rung=rung
        ),
        PROBABILITIES,
        PROBABILITIES,
        PROBABILITIES,
        st.sampled_from(["", "", "", "small"]),
    ),
    st.just(Unjudged(reason="deadline")),
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, text=st.just("x"), role=st.sampled_from(Role), path=st.sampled_from("abc")),
    st.builds(Image, path=st.sampled_from("abc")),
)


@given(st.lists(st.tuples(PARTS, ASSESSMENTS), max_size=4), st.integers(0, 2))
def test_the_short_way_decides_as_the_long_one(pairs: list[tuple[Part, Assessment]], tighten: int) -> None:
    held = rules()
    parts, assessments = [part for part, _ in pairs], [found for _, found in pairs]
    judged = [judged_of(held, part, found) for part, found in pairs]
    long = decide(held.policy, judged, thresholds=held.thresholds, tighten=tighten, context=held.context)
    assert weigh(held, parts, assessments, tighten=tighten) == long


def test_an_assessment_that_is_missing_is_never_taken_for_clear() -> None:
    part = Text(text="x", path="messages[0].content")
    with pytest.raises(ValueError, match="zip"):
        weigh(rules(), [part, part], [scores()])


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


def test_each_judge_that_is_missing_of_a_part_is_told_once() -> None:
    late = Missed(part="a", reason="deadline", action=Action.FLAG, model="large")
    unread = Missed(part="a", reason="no_encoder", action=Action.REFUSE, model="custom.bets")
    both = Decision(action=Action.REFUSE, coverage=Coverage(unjudged=(late, unread)))
    assert merged([both, both]) == both


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
