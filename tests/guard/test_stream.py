"""The gate cuts by the text alone and loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.stream import (
    _ABBREVIATION,
    _BOUNDARY,
    LONGEST_PIECE,
    PIECES,
    TAIL,
    Piece,
    SentenceGate,
    sentences,
)

ALPHABET = st.sampled_from([*"ab .!?…\n\"')。！？」1eg`*", "e.g. ", "Dr. ", "```\n", "word "])
TEXTS = st.lists(ALPHABET, max_size=900).map("".join)


def pieces_of(chunks: list[str]) -> list[Piece]:
    gate = SentenceGate()
    found = [piece for chunk in chunks for piece in gate.feed(chunk)]
    return found + gate.finish()


def split(text: str, cuts: list[int]) -> list[str]:
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@given(TEXTS, st.lists(st.integers(min_value=0), max_size=30))
def test_any_chunking_gives_the_same_pieces(text: str, cuts: list[int]) -> None:
    assert pieces_of(split(text, cuts)) == pieces_of([text])


@given(TEXTS)
def test_one_character_at_a_time_gives_the_same_pieces(text: str) -> None:
    assert pieces_of(list(text)) == pieces_of([text])


def plainly_cut(text: str) -> list[str]:
    """What a search for boundaries from the start of every piece finds, without any of the gate's short cuts."""
    pieces: list[str] = []
    while text:
        least = PIECES[min(len(pieces), len(PIECES) - 1)]
        ends = [
            match.end()
            for match in _BOUNDARY.finditer(text, 0, LONGEST_PIECE + 1)
            if match.end() >= least and not _ABBREVIATION.search(text, max(0, match.start() - 16), match.end())
        ]
        space = text.rfind(" ", least, LONGEST_PIECE) + 1 or LONGEST_PIECE
        cut = len(text) if len(text) <= least else next(iter(ends), space if len(text) > LONGEST_PIECE else len(text))
        pieces.append(text[:cut])
        text = text[cut:]
    return pieces


@given(TEXTS)
def test_cuts_are_where_the_boundaries_say(text: str) -> None:
    assert [piece.text for piece in pieces_of([text])] == plainly_cut(text)


@given(TEXTS)
def test_pieces_join_to_exactly_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces_of([text])) == text


@given(TEXTS)
def test_what_is_judged_is_bounded_so_that_cost_is_linear(text: str) -> None:
    for piece in pieces_of([text]):
        assert piece.judged.endswith(piece.text)
        assert len(piece.text) <= LONGEST_PIECE
        assert len(piece.judged) <= LONGEST_PIECE + TAIL


def test_a_sentence_is_released_as_soon_as_the_next_begins() -> None:
    gate = SentenceGate()
    assert gate.feed("This sentence is long enough to go. ") == []
    assert [piece.text for piece in gate.feed("N")] == ["This sentence is long enough to go. "]


@pytest.mark.parametrize(
    "text",
    ["Vegetables are healthy, e.g. ", "We met at noon with Dr. ", "The first item in the list is:\n1. "],
)
def test_an_abbreviation_or_a_list_number_ends_no_sentence(text: str) -> None:
    gate = SentenceGate()
    joined = [piece.text for piece in gate.feed(text + "Carrots")]
    assert all(not text.rstrip().endswith(piece.rstrip()) for piece in joined)


def test_cjk_sentences_need_no_space() -> None:
    gate = SentenceGate()
    pieces = gate.feed("今天天气很好我们一起去公园散步然后再回家吃一顿丰盛的晚饭。明天再说")
    assert [piece.text for piece in pieces] == ["今天天气很好我们一起去公园散步然后再回家吃一顿丰盛的晚饭。"]


def test_lines_of_code_are_boundaries() -> None:
    gate = SentenceGate()
    pieces = gate.feed("```python\nfor i in range(10):\n    print(i)\n")
    assert "".join(piece.text for piece in pieces).endswith(":\n    ")


def test_hold_answer_waits_for_the_end() -> None:
    gate = SentenceGate(hold="answer")
    assert gate.feed("One whole sentence stands here. And another one. ") == []
    assert [piece.text for piece in gate.finish()] == ["One whole sentence stands here. And another one. "]


def test_sentences_are_counted_as_they_are_cut() -> None:
    texts = ("", " \n", "One", "One. Two!", "One.\n\nTwo\nThree", "一。二")
    assert [sentences(text) for text in texts] == [0, 0, 1, 2, 3, 2]
