from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headgate.guard.retrieval import LONGEST_QUERY, lexical
from headgate.policies.compiled import Guideline

PESTS = Guideline(text="a", when=("mice", "pest control"))
DOGS = Guideline(text="b", when=("dog", "puppy"))
ALWAYS = Guideline(text="c")


def test_a_guideline_fits_when_a_phrase_of_it_stands_in_the_prompt() -> None:
    assert [score > 0 for score in lexical("My dogs chase mice", [PESTS, DOGS, ALWAYS])] == [True, True, False]


def test_a_phrase_of_several_words_needs_them_all() -> None:
    assert lexical("birth control", [PESTS, DOGS])[0] == 0
    assert lexical("control of a pest", [PESTS, DOGS])[0] > 0


def test_inflected_words_are_one_word() -> None:
    hacking = Guideline(text="h", when=("hacking",))
    assert all(lexical(f"he {word} it", [hacking])[0] > 0 for word in ("hack", "hacks", "hacked", "HACKING"))


def test_more_phrases_met_score_more_and_never_without_end() -> None:
    many = Guideline(text="m", when=tuple(f"word{i}x" for i in range(50)))
    one, all_of_them = (lexical(" ".join(many.when[:count]), [many, DOGS])[0] for count in (1, 50))
    assert 0 < one < all_of_them < 3


def test_a_long_prompt_is_read_at_both_ends() -> None:
    filler = "x " * LONGEST_QUERY
    assert lexical(f"puppy {filler}", [DOGS])[0] > 0
    assert lexical(f"{filler} puppy", [DOGS])[0] > 0
    assert lexical(f"{filler} puppy {filler}", [DOGS])[0] == 0


@given(st.text(max_size=200), st.lists(st.builds(Guideline, text=st.text(), when=st.tuples(st.text())), max_size=5))
def test_any_text_gets_one_score_a_guideline_and_the_same_again(query: str, guidelines: list[Guideline]) -> None:
    scores = lexical(query, guidelines)
    assert len(scores) == len(guidelines)
    assert all(score >= 0 for score in scores)
    assert scores == lexical(query, guidelines)
