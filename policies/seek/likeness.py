"""Texts that are about what examples or a description are about: ridge regression on what the text model makes of them.

The examples stand against counterexamples and a few ordinary texts, each side weighing the same. How far such a line
can be trusted is known without further data: leaving one text out of a ridge regression has a closed form (Allen, "The
relationship between variable selection and data augmentation", Technometrics 16, 1974; Rifkin and Lippert, "Notes on
regularized least squares", 2007).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from ...models.meaning import Vectors, fits, unit, unpacked
from .entries import entries_of

RIDGE: Final = 1.0
STEEP: Final = 4.0
"""How fast a score rises from 0.5, where it is reached, to 1: a margin of a half is 0.88."""

ALARMS: Final = 0.01
"""The share of texts that do not belong that may reach a score of 0.5."""

Numbers = npt.NDArray[np.float64]


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """A category of one's own as a line through what texts are about.

    `middle` and `weights` are [width]; a margin of `bar` is a score of 0.5: about one in a hundred of the texts that do
    not belong reaches it, each by the line that was drawn without it. `found` are the scores of the examples and
    `alarms` those of the texts that do not belong, each by the line that was drawn without it. `by` told what these
    texts are about: only its telling is read.
    """

    middle: Vectors
    weights: Numbers
    offset: float
    bar: float
    found: tuple[float, ...]
    alarms: tuple[float, ...]
    by: bytes = b""

    def reads(self, meaning: bytes) -> bool:
        """Whether what a text is about, packed, was told by the model in whose numbers the line was drawn."""
        return fits(meaning, len(self.weights), by=self.by)

    def score_of(self, meaning: bytes) -> float:
        """The score of a text by what it is about, packed."""
        return self.score(unpacked(meaning))

    def score(self, vectors: Vectors) -> float:
        """The score of a text by its windows [rows, width], 0..1: that of the window that is most alike."""
        if not len(vectors):
            return 0.0
        margins = _placed(vectors, self.middle) @ self.weights + self.offset
        return _score(float(margins.max()) - self.bar)


def likeness(examples: Vectors, others: Vectors, ordinary: Vectors, *, by: bytes = b"") -> Likeness:
    """The line between the examples and the rest: counterexamples (`others`) and ordinary texts, all [rows, width].

    `by` is the teller of them all.
    """
    middle = np.asarray(ordinary.mean(axis=0), dtype=np.float32)
    rest = np.concatenate([others, ordinary]) if len(others) else ordinary
    rows = _placed(np.concatenate([examples, rest]), middle)
    marks = np.concatenate([np.ones(len(examples)), -np.ones(len(rest))])
    share = np.where(marks > 0, len(rows) / (2 * len(examples)), len(rows) / (2 * len(rest)))
    line = ridge(rows, marks, share)
    bar = _bar(line.without[len(examples) :])
    scores = [_score(float(margin) - bar) for margin in line.without]
    return Likeness(
        middle=middle,
        weights=line.weights[:-1],
        offset=float(line.weights[-1]),
        bar=bar,
        found=tuple(scores[: len(examples)]),
        alarms=tuple(scores[len(examples) :]),
        by=by,
    )


class Ridge(NamedTuple):
    """A line [width + 1], the last its offset, and the margin of each row by the line without that row."""

    weights: Numbers
    without: Numbers


def ridge(rows: Numbers, marks: Numbers, share: Numbers) -> Ridge:
    """The ridge regression of `marks` on `rows` [n, width], each row counting by its share."""
    scale = np.sqrt(share)
    known = np.c_[rows, np.ones(len(rows))] * scale[:, None]
    inverse = np.linalg.inv(known @ known.T + RIDGE * np.eye(len(rows)))
    dual = inverse @ (marks * scale)
    return Ridge(known.T @ dual, (marks * scale - dual / np.diag(inverse)) / scale)


@cache
def ordinary_texts() -> tuple[str, ...]:
    """The ordinary texts that every category of one's own is told apart from."""
    return entries_of((Path(__file__).parent / "data" / "ordinary.txt").read_bytes())


def _bar(margins: Numbers) -> float:
    """The lowest margin that few enough of the texts reach which do not belong (conformal, as `policy calibrate`)."""
    allowed = max(0, int(ALARMS * (len(margins) + 1)) - 1)
    return float(np.sort(margins)[-1 - allowed]) + 1e-9


def _placed(vectors: Vectors, middle: Vectors) -> Numbers:
    return unit(unit(vectors) - middle).astype(np.float64)


def _score(over: float) -> float:
    found: Any = 0.5 * (1.0 + np.tanh(0.5 * STEEP * over))
    return round(float(found), 4)
