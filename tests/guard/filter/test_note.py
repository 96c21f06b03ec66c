from __future__ import annotations

import msgspec

from headgate.guard.filter.note import FLAT, flat, nested, note_of, reason_of, rule_of, scores_of
from headgate.models.assessment import Severity, Unjudged
from headgate.models.fakes import scores
from headgate.policies.verdict import Action, Coverage, Finding, Missed, Round, Verdict

FOUND = Finding(
    category="insult",
    severity=Severity.MINOR,
    confidence=0.81,
    threshold=0.5,
    part="text",
    rule="document.minor",
    action=Action.FLAG,
)


def test_the_reason_is_the_rule_that_decided() -> None:
    verdict = Verdict(action=Action.FLAG, findings=(FOUND,))
    assert reason_of(verdict) == "document.minor: insult (minor) in text, 0.81, threshold 0.50"
    assert rule_of(verdict) == "document.minor"


def test_the_reason_may_be_that_nobody_judged() -> None:
    missed = Missed(part="text", reason="too_long", action=Action.FLAG)
    verdict = Verdict(action=Action.FLAG, coverage=Coverage(unjudged=(missed,)))
    assert (reason_of(verdict), rule_of(verdict)) == ("not judged: text: too_long", "")


def test_scores_are_the_worst_of_all_parts_and_what_was_not_assessed_has_none() -> None:
    found = scores_of(
        [
            scores(unsafe=0.2, severity=1, categories={"insult": 0.9}),
            Unjudged(reason="too_long"),
            scores(unsafe=0.7, severity=3, categories={"insult": 0.1}),
        ]
    )
    assert (found["unsafe"], found["insult"], found["severity"]) == (0.7, 0.9, 3.0)
    assert scores_of([Unjudged(reason="too_long")]) == {}


def test_an_answer_that_was_made_again_stands_with_its_rounds() -> None:
    rounds = tuple(Round(round=n, strategy="guideline", action=Action.REGENERATE) for n in (1, 2))
    note = note_of(Verdict(action=Action.REGENERATE, rounds=rounds), {}, answer="Kind words.")
    assert (nested(note)["answer"], len(nested(note)["rounds"])) == ("Kind words.", 2)
    assert (flat(note)["headgate_answer"], flat(note)["headgate_rounds"]) == ("Kind words.", "2")
    assert note.reason == "answer made again: guideline, round 2"
    assert b"answer" not in msgspec.json.encode(note_of(Verdict(action=Action.ALLOW), {}))


def test_nested_and_flat_say_the_same() -> None:
    note = note_of(Verdict(action=Action.FLAG, findings=(FOUND,), policy_hash="h", models=("a", "b")), {"unsafe": 0.5})
    deep, wide = nested(note), flat(note)
    assert (deep["action"], wide["headgate_action"]) == ("flag", "flag")
    assert (deep["models"], wide["headgate_models"]) == (("a", "b"), "a;b")
    assert msgspec.json.decode(wide["headgate_scores"]) == deep["scores"]
    assert tuple(wide) == FLAT
