"""Many words at once in one pass: Aho and Corasick, "Efficient string matching" (CACM 18, 1975)."""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

from ..hits import Stretch

LARGE: Final = 2000
"""Words from which on the compiled automaton of `pyahocorasick` is used, where it is installed."""


class Automaton(Protocol):
    """Finds every occurrence of every word, overlapping ones too; time grows with the text, not with the words."""

    def find(self, text: str) -> Iterator[Stretch]:
        """Where words stand, in the order of their ends."""
        ...


def automaton(words: Iterable[str], *, large: int = LARGE) -> Automaton:
    """An automaton of these words, blank ones left out."""
    distinct = sorted({word for word in words if word})
    if len(distinct) >= large and (compiled := _compiled(distinct)) is not None:
        return compiled
    return Trie(distinct)


class Trie:
    """The automaton in Python: a step for each character, and some for the words that end there."""

    def __init__(self, words: Iterable[str]) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._fail: list[int] = [0]
        self._ends: list[tuple[int, ...]] = [()]
        for word in words:
            self._add(word)
        self._link()

    def find(self, text: str) -> Iterator[Stretch]:
        """Where words stand, in the order of their ends."""
        steps, fail, ends = self._next, self._fail, self._ends
        state = 0
        for at, char in enumerate(text, start=1):
            while state and char not in steps[state]:
                state = fail[state]
            state = steps[state].get(char, 0)
            for length in ends[state]:
                yield (at - length, at)

    def _add(self, word: str) -> None:
        state = 0
        for char in word:
            following = self._next[state].get(char)
            if following is None:
                following = self._next[state][char] = len(self._next)
                self._next.append({})
                self._fail.append(0)
                self._ends.append(())
            state = following
        self._ends[state] = (len(word),)

    def _link(self) -> None:
        """Where to go on from when a character does not fit: the longest suffix that is the start of a word."""
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            for char, following in self._next[state].items():
                queue.append(following)
                back = self._fail[state]
                while back and char not in self._next[back]:
                    back = self._fail[back]
                link = self._next[back].get(char, 0)
                self._fail[following] = link
                self._ends[following] += self._ends[link]


class _Compiled:
    def __init__(self, found: Any) -> None:
        self._automaton = found

    def find(self, text: str) -> Iterator[Stretch]:
        for end, length in self._automaton.iter(text):
            yield (end + 1 - length, end + 1)


def _compiled(words: Iterable[str]) -> _Compiled | None:
    try:
        module = importlib.import_module("ahocorasick")
    except ImportError:
        return None
    built = module.Automaton()
    for word in words:
        built.add_word(word, len(word))
    built.make_automaton()
    return _Compiled(built)
