from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.policies.seek.automaton import LARGE, Trie, automaton

words = st.lists(st.text("ab\u00e9\u4e2d", min_size=1, max_size=4), min_size=1, max_size=8)


@settings(deadline=None)
@given(words, st.text("ab\u00e9\u4e2d", max_size=40))
def test_it_finds_every_occurrence_of_every_word(given_words: list[str], text: str) -> None:
    expected = {
        (start, start + len(word))
        for word in given_words
        for start in range(len(text) - len(word) + 1)
        if text.startswith(word, start)
    }
    assert set(Trie(given_words).find(text)) == expected


@settings(deadline=None)
@given(words, st.text("ab\u00e9\u4e2d", max_size=40))
def test_the_compiled_automaton_finds_the_same(given_words: list[str], text: str) -> None:
    pytest.importorskip("ahocorasick")
    compiled = automaton(given_words, large=1)
    assert not isinstance(compiled, Trie)
    assert sorted(compiled.find(text)) == sorted(Trie(given_words).find(text))


def test_blank_words_are_left_out_and_small_lists_need_no_library() -> None:
    small = automaton(["", "cat", "cat"])
    assert isinstance(small, Trie)
    assert list(small.find("concat")) == [(3, 6)]
    assert LARGE > 100
