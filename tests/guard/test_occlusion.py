from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.occlusion import MOST, influences
from headgate.models.assessment import Unjudged
from headgate.models.content import Text

from .dialogue import BAD, by_word


def _judge(parts):  # type: ignore[no-untyped-def]
    return [by_word(part) for part in parts]


def test_the_word_that_the_score_is_owed_to_is_found() -> None:
    text = f"This is a {BAD} question."
    (found,) = influences(Text(text=text), "violence", _judge)
    assert (text[found.start : found.end], found.drop) == (BAD, 0.9)


def test_many_words_are_taken_together() -> None:
    calls: list[int] = []

    def judge(parts):  # type: ignore[no-untyped-def]
        calls.append(len(parts))
        return _judge(parts)

    text = "fine " * 200 + BAD
    (found,) = influences(Text(text=text), "violence", judge)
    assert BAD in text[found.start : found.end]
    assert calls[0] <= MOST + 1


def test_nothing_is_told_of_what_is_harmless_empty_or_not_judged() -> None:
    assert influences(Text(text="A fine question."), "violence", _judge) == ()
    assert influences(Text(text="  "), "violence", _judge) == ()
    assert influences(Text(text=BAD), "violence", lambda parts: [Unjudged(reason="x")] * len(parts)) == ()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_explained_and_places_are_inside_it(text: str) -> None:
    for found in influences(Text(text=f"{text} {BAD}"), "violence", _judge):
        assert 0 <= found.start < found.end <= len(text) + 1 + len(BAD)
