"""The five pictures of a set: what is found and at what price, whether scores mean what they say, where it errs."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ..measures.breakdown import CategoryResult
from ..measures.reliability import Bin
from ..metrics import curve
from .svg import Frame, axes, label, line, path, short, tag

_POINTS: Final = 400
_BARS: Final = 20
_LEVELS: Final = ("none", "minor", "moderate", "severe")
MOST_BARS: Final = 24
_LONGEST: Final = 40
"""Characters of a category's name that fit beside its bar."""


def precision_recall(labels: ArrayLike, scores: ArrayLike, *, threshold: float) -> str:
    """Precision over recall at every threshold, with a mark at the one in use; empty without positive rows."""
    drawn = curve(labels, scores)
    if drawn.hits.size == 0 or drawn.hits[-1] == 0:
        return ""
    recall = drawn.hits / drawn.hits[-1]
    precision = drawn.hits / (drawn.hits + drawn.alarms)
    base = float(precision[-1])
    frame = Frame()
    kept = np.unique(np.linspace(0, recall.size - 1, min(_POINTS, recall.size)).astype(int))
    points = [(frame.x(float(recall[at])), frame.y(float(precision[at]))) for at in kept]
    marks = [
        axes(frame, across="recall", up="precision"),
        line(frame, 0, base, 1, base, class_="reference"),
        path([(frame.x(0), points[0][1]), *points], class_="curve"),
    ]
    last = int(np.searchsorted(-drawn.scores, -threshold, side="right")) - 1
    if last >= 0:
        marks.append(_dot(frame, float(recall[last]), float(precision[last]), f"threshold {threshold:.4g}"))
    return frame.drawn(*marks, title="precision over recall")


def calibration(bins: Sequence[Bin]) -> str:
    """The positive share of each bin over its mean score; a calibrated model follows the diagonal."""
    if not bins:
        return ""
    frame = Frame()
    points = [(frame.x(one.score), frame.y(one.rate)) for one in bins]
    dots = [
        _dot(frame, one.score, one.rate, f"{one.rows} rows: {one.score:.2f} says, {one.rate:.2f} is") for one in bins
    ]
    diagonal = line(frame, 0, 0, 1, 1, class_="reference")
    grid = axes(frame, across="mean score of a bin", up="share unsafe")
    return frame.drawn(grid, diagonal, path(points, class_="curve thin"), *dots, title="reliability")


def histogram(labels: ArrayLike, scores: ArrayLike, *, threshold: float) -> str:
    """How many safe and unsafe rows have which score; each side as a share of its own rows."""
    truth, score = np.asarray(labels, dtype=np.bool_), np.asarray(scores, dtype=np.float64)
    if score.size == 0:
        return ""
    sides = {"safe": score[~truth], "unsafe": score[truth]}
    heights = {
        name: np.histogram(side, bins=_BARS, range=(0, 1))[0] / max(1, side.size) for name, side in sides.items()
    }
    highest = max(float(height.max()) for height in heights.values())
    frame = Frame(top=next(top for top in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if top >= highest - 1e-9))
    marks = [axes(frame, across="score", up="share of its side")]
    half = (frame.x(1) - frame.x(0)) / _BARS / 2
    for shift, (name, height) in enumerate(heights.items()):
        for at, share in enumerate(height):
            x = frame.x(at / _BARS) + shift * half
            hint = f"{name}: {100 * share:.1f} % between {at / _BARS:.2f} and {(at + 1) / _BARS:.2f}"
            marks.append(_bar(x + 0.5, frame.y(float(share)), half - 1, frame.y(0) - frame.y(float(share)), name, hint))
    marks.append(line(frame, threshold, 0, threshold, frame.top, class_="threshold"))
    return frame.drawn(*marks, title="scores by label")


def confusion(counts: Sequence[Sequence[int]]) -> str:
    """People's grades against the model's: each row of the matrix is shaded by its shares."""
    frame = Frame(width=320, height=250, left=74, above=14, below=54)
    wide, high = (frame.x(1) - frame.x(0)) / 4, (frame.y(0) - frame.y(1)) / 4
    marks = []
    for row, found in enumerate(counts):
        y = frame.above + row * high
        marks.append(label(_LEVELS[row], frame.left - 6, y + high / 2 + 4, class_="tick", anchor="end"))
        marks.append(
            label(_LEVELS[row], frame.left + (row + 0.5) * wide, frame.y(0) + 16, class_="tick", anchor="middle")
        )
        for column, count in enumerate(found):
            share = count / max(1, sum(found))
            x = frame.left + column * wide
            marks.append(_cell(x, y, wide, high, share=share, count=count))
    middle = frame.above + 2 * high
    marks.append(
        label("the model says", (frame.x(0) + frame.x(1)) / 2, frame.height - 10, class_="axis", anchor="middle")
    )
    upright = label("people say", 0, 0, class_="axis", anchor="middle")
    marks.append(tag("g", upright, transform=f"translate(11 {middle:.1f}) rotate(-90)"))
    return frame.drawn(*marks, title="severity confusion")


def categories(results: Sequence[CategoryResult]) -> str:
    """A bar a category: recall of its unsafe rows, and under it the false alarms of its safe ones."""
    shown = results[:MOST_BARS]
    if not shown:
        return ""
    step = 24.0
    left = 16 + 5.6 * min(_LONGEST, max(len(one.category) for one in shown))
    frame = Frame(width=left + 520, height=step * len(shown) + 34, left=left, right=130, above=4, below=30)
    marks = [line(frame, tick, 0, tick, 1, class_="grid") for tick in (0, 0.25, 0.5, 0.75, 1)]
    marks += [
        label(f"{tick:g}", frame.x(tick), frame.y(0) + 14, class_="tick", anchor="middle") for tick in (0, 0.5, 1)
    ]
    for at, one in enumerate(shown):
        marks += _category(frame, one, frame.above + at * step, step=step)
    return frame.drawn(*marks, title="recall and false alarms by category")


def _category(frame: Frame, one: CategoryResult, y: float, *, step: float) -> list[str]:
    name = one.category if len(one.category) <= _LONGEST else one.category[: _LONGEST - 1] + "…"
    said = []
    marks = [label(name, frame.left - 8, y + step / 2 + 4, class_="tick", anchor="end")]
    for figure, rows, kind in ((one.recall, one.positives, "unsafe"), (one.fpr, one.negatives, "safe")):
        if figure is None:
            continue
        both = one.recall is not None and one.fpr is not None
        thick = (step - 6) / (2 if both else 1)
        top = y + 3 + (thick if both and kind == "safe" else 0)
        word = "found" if kind == "unsafe" else "false alarms"
        hint = f"{one.category}: {100 * figure:.1f} % {word} of {rows}"
        marks.append(_bar(frame.x(0), top, max(1.0, frame.x(figure) - frame.x(0)), thick - 0.5, kind, hint))
        said.append(f"{100 * figure:.0f} % of {short(rows)}")
    marks.append(label(" · ".join(said), frame.x(1) + 6, y + step / 2 + 4, class_="tick"))
    return marks


def _cell(x: float, y: float, wide: float, high: float, *, share: float, count: int) -> str:
    box = tag(
        "rect", x=x + 1, y=y + 1, width=wide - 2, height=high - 2, class_="cell", style=f"fill-opacity:{share:.3f}"
    )
    number = label(
        str(count), x + wide / 2, y + high / 2 + 1, class_="count strong" if share > 0.5 else "count", anchor="middle"
    )
    part = label(
        f"{100 * share:.0f} %",
        x + wide / 2,
        y + high / 2 + 14,
        class_="tick strong" if share > 0.5 else "tick",
        anchor="middle",
    )
    return box + number + part


def _dot(frame: Frame, x: float, y: float, hint: str) -> str:
    return tag("circle", tag("title", escape(hint)), cx=frame.x(x), cy=frame.y(y), r=3.5, class_="dot")


def _bar(x: float, y: float, width: float, height: float, kind: str, hint: str) -> str:
    hover = tag("title", escape(hint))
    return tag("rect", hover, x=x, y=y, width=width, height=height, class_=f"bar {kind}")
