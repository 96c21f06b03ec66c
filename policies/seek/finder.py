"""One look at a text for everything that a policy lists; made once for a policy and shared."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import msgspec

from ...models.classifier import Classifier
from ...models.content import Direction
from ...models.errors import ConfigError
from ...models.normalise import views
from ..compiled import CompiledPolicy
from ..hits import MOST_SPANS, Hit, Stretch
from ..listed import Custom, Pii, WordList
from .alike import Alike
from .automaton import Automaton, automaton
from .entries import digest_of, entries_of
from .patterns import Patterns
from .personal import found as personal

if TYPE_CHECKING:
    from .about import Lines

SURE: Final = 0.5
"""The score by meaning from which a text counts, where a policy does not say: see `likeness`."""

BY_WORDS: Final = 0.6
"""The likeness of words from which a text counts, where a policy does not say."""

KEPT: Final = 64
"""Policies whose finders are kept."""


class _Seeker(msgspec.Struct, frozen=True):
    """The words and expressions of one list, ready to search."""

    entry: WordList
    words: Automaton
    patterns: Patterns
    exact: frozenset[str]

    def find(self, text: str) -> list[Stretch]:
        """Where entries stand, first and longest first, none inside another."""
        return disjoint([*self._words(text), *self.patterns.find(text)])

    def is_entry(self, text: str) -> bool:
        """Whether the whole text is one of the words, but for space around it."""
        return _folded(" ".join(text.split()), self.entry.ignore_case) in self.exact

    def _words(self, text: str) -> Iterator[Stretch]:
        folded = _folded(text, self.entry.ignore_case)
        for start, end in self.words.find(folded):
            if not self.entry.whole_words or _is_whole(text, start, end):
                yield (start, end)


class Finder:
    """Everything that the lists, own categories and PII of one policy look for; `reader` tells what texts are about."""

    def __init__(self, policy: CompiledPolicy, reader: Classifier | None = None) -> None:
        lists = [_seeker(entry) for entry in policy.lists]
        self._blocked = [one for one in lists if not one.entry.allow]
        self._allowed = [one for one in lists if one.entry.allow]
        self._custom = [(one, Alike(one.examples, one.counterexamples)) for one in policy.custom if one.by == "words"]
        self._about = [(one, _lines(one, reader)) for one in policy.custom if one.by == "meaning"]
        self._pii = policy.pii
        self.reader = reader.digest if reader is not None else ""
        """Whose telling of what texts are about is understood: a digest, or nobody's."""

    def find(self, text: str, direction: Direction, *, meaning: bytes = b"") -> tuple[Hit, ...]:
        """What is found in a text of this direction, in the order of the policy; disguised words in plain view too.

        `meaning` is what the text is about, packed.
        """
        allowed = [span for one in self._allowed if _reads(one.entry, direction) for span in one.find(text)]
        hits = [
            Hit(rule=f"lists.{one.entry.name}", spans=((0, len(text)),), excuses=True)
            for one in self._allowed
            if _reads(one.entry, direction) and one.is_entry(text)
        ]
        hits += self._listed(text, direction, allowed)
        hits += self._alike(text, direction)
        hits += self._like(direction, meaning)
        if self._pii is not None:
            hits += _personal(self._pii, text)
        return tuple(hits)

    def unread(self, text: str, direction: Direction, *, meaning: bytes) -> tuple[str, ...]:
        """The lines that could not be looked for: nobody told what the text is about, or a model other than theirs.

        None for a blank text.
        """
        if not text.strip():
            return ()
        asked = [(one, lines.get(direction)) for one, lines in self._about if _reads(one, direction)]
        return tuple(f"custom.{one.name}" for one, line in asked if line is None or not line.reads(meaning))

    def _listed(self, text: str, direction: Direction, allowed: Sequence[Stretch]) -> Iterator[Hit]:
        lists = [one for one in self._blocked if _reads(one.entry, direction)]
        disguised = [view.text for view in views(text) if view.text != text] if lists else []
        for one in lists:
            spans = [span for span in one.find(text) if not _inside(span, allowed)]
            if not spans and any(_counts(one, view, self._allowed, direction) for view in disguised):
                # A disguise has no place of its own in the text as it was sent.
                spans = [(0, len(text))]
            if spans:
                yield _hit(f"lists.{one.entry.name}", spans)

    def _alike(self, text: str, direction: Direction) -> Iterator[Hit]:
        for category, examples in self._custom:
            threshold = BY_WORDS if category.threshold is None else category.threshold
            if _reads(category, direction) and (score := examples.score(text)) >= threshold:
                yield Hit(rule=f"custom.{category.name}", score=score, threshold=threshold)

    def _like(self, direction: Direction, meaning: bytes) -> Iterator[Hit]:
        for category, lines in self._about:
            line = lines.get(direction)
            if line is not None and line.reads(meaning) and _reads(category, direction):
                threshold = SURE if category.threshold is None else category.threshold
                if (score := line.score_of(meaning)) >= threshold:
                    yield Hit(rule=f"custom.{category.name}", score=score, threshold=threshold)


_made: OrderedDict[tuple[str, str], Finder] = OrderedDict()
_lock = Lock()


def finder_of(policy: CompiledPolicy, reader: Classifier | None = None) -> Finder | None:
    """The finder of a policy, None where it lists nothing; ConfigError where a library or file is missing.

    Where own categories go by meaning, the `reader` is asked about their examples once.
    """
    if not policy.seeks:
        return None
    telling = reader if reader is not None and _tells(reader, policy) else None
    key = (policy.hash, telling.digest if telling is not None else "")
    with _lock:
        known = _made.get(key)
    if known is not None:
        return known
    # Not under the lock: asking a model takes a second, and those whose finder is made need not wait for it.
    made = Finder(policy, telling)
    with _lock:
        known = _made.setdefault(key, made)
        while len(_made) > KEPT:
            _made.popitem(last=False)
    return known


def disjoint(spans: Iterable[Stretch]) -> list[Stretch]:
    """The spans from left to right, the longest of those that begin together, and none that overlaps one before it."""
    kept: list[Stretch] = []
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _tells(reader: Classifier, policy: CompiledPolicy) -> bool:
    """Whether somebody has to tell what texts are about, and this one does."""
    if not any(one.by == "meaning" for one in policy.custom):
        return False
    # Here, so that policies without such categories wait for no array library.
    from ...models.meaning import reads_meaning

    return reads_meaning(reader)


def _lines(category: Custom, reader: Classifier | None) -> Lines:
    if reader is None:
        return {}
    from .about import lines_of

    return lines_of(category, reader)


def _seeker(entry: WordList) -> _Seeker:
    words = (*entry.words, *_of_file(entry))
    folded = [_folded(word, entry.ignore_case) for word in words]
    return _Seeker(
        entry, automaton(folded), Patterns(entry.regex, ignore_case=entry.ignore_case), frozenset(folded)
    )  # fmt: skip


def _of_file(entry: WordList) -> tuple[str, ...]:
    if not entry.file:
        return ()
    try:
        data = Path(entry.file).read_bytes()
        words = entries_of(data)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"lists.{entry.name}.file: {entry.file} cannot be read: {error}") from error
    if digest_of(data) != entry.digest:
        raise ConfigError(
            f"lists.{entry.name}.file: {entry.file} has changed since the policy was loaded; load it again"
        )
    return words


def _reads(entry: WordList | Custom, direction: Direction) -> bool:
    return not entry.directions or direction in entry.directions


def _counts(one: _Seeker, view: str, allowed: Sequence[_Seeker], direction: Direction) -> bool:
    excused = [span for other in allowed if _reads(other.entry, direction) for span in other.find(view)]
    return any(not _inside(span, excused) for span in one.find(view))


def _personal(pii: Pii, text: str) -> Iterator[Hit]:
    taken: list[Stretch] = []
    for kind in pii.kinds:
        spans = [span for span in personal(text, kind, region=pii.region) if not _overlaps(span, taken)]
        taken += spans
        if spans:
            yield _hit(f"pii.{kind}", disjoint(spans))


def _hit(rule: str, spans: Sequence[Stretch]) -> Hit:
    return Hit(rule=rule, spans=tuple(spans[:MOST_SPANS]), more=len(spans) > MOST_SPANS)


def _inside(span: Stretch, others: Iterable[Stretch]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in others)


def _overlaps(span: Stretch, others: Iterable[Stretch]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in others)


def _folded(text: str, ignore_case: bool) -> str:
    """The text in small letters, as long as it was: a letter that would grow stays as it is."""
    if not ignore_case:
        return text
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether no letter or digit goes on at either side; scripts without spaces have no such sides."""
    return not (_joined(text, start) or _joined(text, end))


def _joined(text: str, at: int) -> bool:
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    return _is_word(before) and _is_word(after) and not (_is_wide(before) or _is_wide(after))


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _is_wide(char: str) -> bool:
    """Chinese, Japanese and Thai are written without spaces."""
    return "\u0e00" <= char <= "\u0e7f" or "\u3040" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff"
