"""Own categories by meaning, as the loaded text model has it: one line for prompts, one for answers, one for texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from ...models.classifier import Classifier
from ...models.content import Direction, Role, Text
from ...models.errors import InferenceFailed
from ...models.meaning import Vectors, meanings, teller, unpacked
from ..listed import Custom
from .likeness import Likeness, likeness, ordinary_texts

Lines: TypeAlias = Mapping[Direction, Likeness]


class _Told(NamedTuple):
    """What texts are about [texts, width], and who told it."""

    vectors: Vectors
    by: bytes


ROLES: Final = {
    Direction.INPUT: Role.USER,
    Direction.OUTPUT: Role.ASSISTANT,
    Direction.TOOL_RESULT: Role.DOCUMENT,
    Direction.DOCUMENT: Role.DOCUMENT,
}
"""How the model is asked about the examples: as it is about the parts of that direction."""

_MOST_KNOWN: Final = 16
_known: dict[tuple[str, Role], _Told] = {}

_MOST_DRAWN: Final = 512
_drawn: dict[tuple[str, Role, tuple[str, ...], tuple[str, ...]], Likeness] = {}


def lines_of(category: Custom, reader: Classifier) -> Lines:
    """The line of a category for each direction that it reads.

    Raises InferenceFailed where the reader does not tell what a text is about.
    """
    found: dict[Role, Likeness] = {}
    for direction in Direction:
        role = ROLES[direction]
        if role not in found and (not category.directions or direction in category.directions):
            found[role] = _line(category, reader, role)
    return {direction: found[ROLES[direction]] for direction in Direction if ROLES[direction] in found}


def _line(category: Custom, reader: Classifier, role: Role) -> Likeness:
    """The line in one role; drawn once, since the overlays of every tenant have the same."""
    key = (reader.digest, role, category.examples, category.counterexamples)
    found = _drawn.get(key)
    if found is None:
        found = _draw(category, reader, role)
        if len(_drawn) >= _MOST_DRAWN:
            _drawn.clear()
        _drawn[key] = found
    return found


def _draw(category: Custom, reader: Classifier, role: Role) -> Likeness:
    ordinary, examples = _ordinary(reader, role), _told(reader, category.examples, role)
    others = _Told(np.zeros((0, 0), np.float32), ordinary.by)
    if category.counterexamples:
        others = _told(reader, category.counterexamples, role)
    if not ordinary.by == examples.by == others.by:
        raise InferenceFailed("what the examples are about was told by more than one model")
    return likeness(examples.vectors, others.vectors, ordinary.vectors, by=ordinary.by)


def read(reader: Classifier, texts: Sequence[str], role: Role) -> Vectors:
    """What each text is about [texts, width]: the mean of its windows."""
    return _told(reader, texts, role).vectors


def _told(reader: Classifier, texts: Sequence[str], role: Role) -> _Told:
    told = meanings(reader, [Text(text=text, role=role, path="example") for text in texts])
    rows = [unpacked(one) for one in told]
    if not all(map(len, rows)):
        raise InferenceFailed("the text model does not tell what an example is about")
    tellers = {teller(one) for one in told}
    if len(tellers) != 1:
        raise InferenceFailed("what the examples are about was told by more than one model")
    return _Told(np.stack([one.mean(axis=0) for one in rows]), tellers.pop())


def _ordinary(reader: Classifier, role: Role) -> _Told:
    key = (reader.digest, role)
    found = _known.get(key)
    if found is None:
        found = _told(reader, ordinary_texts(), role)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found
