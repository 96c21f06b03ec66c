"""What of a growing answer is out, what waits, and what stands in its place after a correction."""

from __future__ import annotations

from headgate.guard.effects import Channel, Delta, Release
from headgate.guard.progress import Draw, Held, Progress, acquitted
from headgate.models.fakes import scores
from headgate.policies.verdict import Action

from .dialogue import rules

FIRST = "A first sentence that is long enough. "
SECOND = "A second one follows it, and is long enough to be a piece of its own. "


def progress(*, stream: str = "", **more: object) -> Progress:
    policy = f"version: 1\nname: p\nextends: default\nstream: {{{stream}}}\n"
    return Progress(Draw(rules=rules(policy), round=1, question="", release=True, **more))  # type: ignore[arg-type]


def feed(found: Progress, *texts: str) -> list[Held]:
    return [held for text in texts for held in found.feed(Delta(Channel(), text))]


def test_what_left_ahead_of_its_judgement_does_not_leave_again() -> None:
    found = progress(stream="max_exposed_chars: 10")
    assert feed(found, FIRST) == []
    assert found.ahead(Channel()) == [Release(Channel(), FIRST[:10])]
    assert found.ahead(Channel()) == []
    assert found.unjudged == 10
    held = feed(found, "N")
    assert found.release(held) == [Release(Channel(), FIRST[10:])]
    assert found.unjudged == 0
    assert found.ahead(Channel()) == [Release(Channel(), "N")]


def test_nothing_leaves_ahead_where_nothing_may() -> None:
    found = progress()
    feed(found, FIRST)
    assert found.ahead(Channel()) == []


def test_a_space_at_the_seam_of_a_continuation_is_not_doubled() -> None:
    found = progress(prefix="It begins, ")
    feed(found, " ", " and goes on.")
    (said,) = found.said()
    assert said.part.text == "It begins, and goes on."


def test_a_correction_stands_in_the_texts_place_and_before_what_follows() -> None:
    found = progress()
    first, second = feed(found, FIRST + SECOND + "N")
    (rest,) = found.correct(first, found.again(first, "Better. "), [second])
    assert rest.part.text == "Better. " + SECOND
    (said,) = found.said()
    assert said.part.text == "Better. " + SECOND + "N"
    found.drop([rest])
    (said,) = found.said()
    assert said.part.text == "Better. "


def test_an_acquitted_piece_stays_on_record_as_a_flag() -> None:
    found = progress()
    (held,) = feed(found, FIRST + "N")
    decision = found.weigh(held.part, scores(unsafe=0.9, severity=2, categories={"violence": 0.9}), choice=0)
    assert decision.action is Action.REGENERATE
    assert [finding.action for finding in acquitted(decision).findings] == [Action.FLAG]
    found.acquit(0, decision)
    assert found.bad == set()
