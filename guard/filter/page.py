"""report.html of a run: one file that fetches nothing and runs nothing; rows it quotes stay folded until opened."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

from ..report.svg import Frame, label, line, short, tag
from ..report.tables import table
from .note import SEVERITIES
from .report import BARS, Example, FilterReport

PAGE: Final = "report.html"
_STYLE: Final = Path(__file__).parents[1] / "report" / "page.css"
# Texts of rows stand in the page: should one ever get past the escaping, it still can load and run nothing.
_RULE: Final = "default-src 'none'; style-src 'unsafe-inline'"
_COLOURS: Final = {
    "kept": "#3a8a5f",
    "regenerated": "#3b7dd8",
    "review": "#c98a1b",
    "dropped": "#b8433a",
    "errors": "#888",
}
_MORE: Final = (
    "".join(f".bar.{bin}{{fill:{colour}}}.key.{bin}::before{{background:{colour}}}" for bin, colour in _COLOURS.items())
    + ".plots{align-items:start}.plots svg{margin:0}.plots+.plots{margin-top:16px}"
)
_SHOWN: Final = tuple(_COLOURS)
_MOST: Final = 24
_LONGEST: Final = 30
"""Letters of a name that are shown."""
_BY: Final = {"source": "By source", "lang": "By language"}


def page(report: FilterReport, examples: Mapping[str, Sequence[Example]]) -> str:
    """The page as a text; all that comes from rows and file names is escaped."""
    title = f"{report.rows:,} rows under {report.run.policy}"
    head = tag(
        "head",
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_RULE}"><meta name="color-scheme" content="light dark">',
        tag("title", escape(title)),
        tag("style", _STYLE.read_text("utf-8") + _MORE),
    )
    body = tag(
        "body",
        tag("header", tag("h1", escape(title)), tag("p", escape(_said(report)))),
        tag("main", _shares(report), _plots(report), _unjudged(report), *_examples(examples)),
    )
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'


def _said(report: FilterReport) -> str:
    models = ", ".join(report.run.models) or "no model"
    parts = [
        f"policy {report.run.policy}@{report.run.policy_hash}",
        models,
        f"{report.rows_per_second:,.0f} rows a second",
    ]
    parts += [f"{report.repeated:,} seen before"] if report.repeated else []
    parts += [] if report.complete else ["ended before the input did"]
    return " · ".join(parts)


def _shares(report: FilterReport) -> str:
    shown = [bin for bin in _SHOWN if bin in report.shares]
    rows = [
        [tag("span", bin, class_=f"key {bin}"), f"{getattr(report, bin):,}", f"{100 * report.shares[bin]:.1f}"]
        for bin in shown
    ]
    return tag("section", table(["", "rows", "%"], rows, class_="narrow"))


def _plots(report: FilterReport) -> str:
    by = [(title, shares(report.by[name]), "") for name, title in _BY.items() if report.by.get(name)]
    every = [
        ("Category and severity", matrix(report.categories), "rows in which it was found"),
        ("Scores", histogram(report.scores), "height: rows, on a log scale; colours: their shares"),
        *by,
    ]
    figures = [
        tag("figure", tag("h3", title), picture or tag("p", "None.", class_="quiet"), tag("figcaption", note))
        for title, picture, note in every
    ]
    return tag("section", *(tag("div", *figures[at : at + 2], class_="plots") for at in range(0, len(figures), 2)))


def matrix(categories: Mapping[str, Mapping[str, int]]) -> str:
    """Rows in which a category was found, by severity, shaded by their number; empty where nothing was found."""
    names = sorted(categories, key=lambda slug: -sum(categories[slug].values()))[:_MOST]
    if not names:
        return ""
    step = 22.0
    left = 16 + 6.2 * max(map(len, names))
    frame = Frame(width=440, height=step * len(names) + 24, left=left, right=8, above=4, below=20)
    most = max(max(found.values()) for found in categories.values())
    levels = [level for level in SEVERITIES if level != "none" or any("none" in categories[name] for name in names)]
    wide = (frame.x(1) - frame.x(0)) / len(levels)
    marks = []
    for at, name in enumerate(names):
        y = frame.above + at * step
        marks.append(label(name, left - 8, y + step / 2 + 4, class_="tick", anchor="end"))
        for column, level in enumerate(levels):
            marks.append(_cell(left + column * wide, y, wide, step, categories[name].get(level, 0), most))
    marks += [
        label(level, left + (column + 0.5) * wide, frame.y(0) + 14, class_="tick", anchor="middle")
        for column, level in enumerate(levels)
    ]
    return frame.drawn(*marks, title="rows by category and severity")


def histogram(scores: Mapping[str, Sequence[int]]) -> str:
    """How many rows have which score, on a log scale, and what share of them went where."""
    totals = [sum(bars[at] for bars in scores.values()) for at in range(BARS)]
    if not any(totals):
        return ""
    frame = Frame(top=math.log10(1 + max(totals)), width=440, height=260)
    marks = [_log_axes(frame, max(totals))]
    wide = (frame.x(1) - frame.x(0)) / BARS
    for at, total in enumerate(totals):
        under = 0
        for bin in _SHOWN:
            count = scores.get(bin, [0] * BARS)[at]
            if not count:
                continue
            high = math.log10(1 + total) / total
            hint = f"{count} {bin}, {at / BARS:.2f} to {(at + 1) / BARS:.2f}"
            y = frame.y((under + count) * high)
            marks.append(_bar(frame.x(at / BARS) + 0.5, y, wide - 1, frame.y(under * high) - y, bin, hint))
            under += count
    return frame.drawn(*marks, title="scores")


def _log_axes(frame: Frame, most: int) -> str:
    """Lines at 0, 1, 10, 100 … rows, and ticks from 0 to 1."""
    marks = []
    for rows in (0, *(10**power for power in range(len(str(most))))):
        y = math.log10(1 + rows)
        marks += [
            line(frame, 0, y, 1, y, class_="grid"),
            label(short(rows), frame.left - 6, frame.y(y) + 3, class_="tick", anchor="end"),
        ]
    for tick in (0, 0.25, 0.5, 0.75, 1):
        marks.append(label(f"{tick:g}", frame.x(tick), frame.y(0) + 14, class_="tick", anchor="middle"))
    marks.append(label("unsafe", (frame.x(0) + frame.x(1)) / 2, frame.height - 6, class_="axis", anchor="middle"))
    return "".join(marks)


def shares(groups: Mapping[str, Mapping[str, int]]) -> str:
    """A bar a group: what share of its rows went where; the largest groups first."""
    names = sorted(groups, key=lambda name: -sum(groups[name].values()))[:_MOST]
    if not names:
        return ""
    step = 22.0
    left = 16 + 6.2 * min(_LONGEST, max(map(len, names)))
    frame = Frame(width=max(440, left + 260), height=step * len(names) + 26, left=left, right=44, above=4, below=22)
    marks = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        marks.append(line(frame, tick, 0, tick, 1, class_="grid"))
        marks.append(label(f"{100 * tick:g} %", frame.x(tick), frame.y(0) + 14, class_="tick", anchor="middle"))
    for at, name in enumerate(names):
        y, rows = frame.above + at * step, sum(groups[name].values())
        marks.append(label(_short(name), left - 8, y + step / 2 + 4, class_="tick", anchor="end"))
        x = 0.0
        for bin in _SHOWN:
            share = groups[name].get(bin, 0) / rows
            hint = f"{name}: {100 * share:.1f} % {bin}"
            width = frame.x(x + share) - frame.x(x)
            marks.append(_bar(frame.x(x), y + 3, width, step - 6, bin, hint) if share else "")
            x += share
        marks.append(label(short(rows), frame.x(1) + 6, y + step / 2 + 4, class_="tick"))
    return frame.drawn(*marks, title="shares by group")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _unjudged(report: FilterReport) -> str:
    if not report.unjudged:
        return ""
    rows = [[escape(reason), f"{count:,}"] for reason, count in report.unjudged.items()]
    return tag("section", tag("h2", "Not judged"), table(["reason", "rows"], rows, class_="narrow"))


def _examples(examples: Mapping[str, Sequence[Example]]) -> list[str]:
    return [
        tag("section", tag("h2", f"Examples: {bin}"), *map(_example, examples[bin]), class_="mistakes")
        for bin in _SHOWN
        if examples.get(bin)
    ]


def _example(one: Example) -> str:
    said = f"{Path(one.file).name}:{one.number} · {one.reason}"
    return tag("details", tag("summary", escape(said)), tag("pre", escape(one.text), dir="auto"))


def _cell(x: float, y: float, wide: float, high: float, count: int, most: int) -> str:
    if not count:
        return ""
    shade = f"fill-opacity:{0.15 + 0.85 * count / most:.3f}"
    box = tag("rect", x=x + 1, y=y + 1, width=wide - 2, height=high - 2, class_="cell", style=shade)
    strong = "count strong" if count > most / 2 else "count"
    return box + label(short(count), x + wide / 2, y + high / 2 + 4, class_=strong, anchor="middle")


def _bar(x: float, y: float, width: float, height: float, kind: str, hint: str) -> str:
    hover = tag("title", escape(hint))
    return tag("rect", hover, x=x, y=y, width=width, height=height, class_=f"bar {kind}")
