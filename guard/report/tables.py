"""The figures of a report as HTML tables: all sets beside each other, and one set's ways of disguise."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..evaluate import Report, SetResult
from ..measures.intervals import Interval
from ..measures.under_disguise import UnderDisguise
from .svg import tag


def every_set(report: Report) -> str:
    """A row a set, each name a link to its section; the columns of severity and disguise only where a set has them."""
    graded = any(one.severity_rows for one in report.sets)
    disguised = any(one.obfuscated for one in report.sets)
    heads = ["set", "rows", "F1", "precision", "recall", "false alarms", "AUPRC", "AUROC", "R@1%", "R@5%", "ECE"]
    heads += ["severity QWK"] if graded else []
    heads += ["F1 disguised"] if disguised else []
    rows = [_cells(number, one, graded=graded, disguised=disguised) for number, one in enumerate(report.sets)]
    return table(heads, rows)


def ways(cost: UnderDisguise) -> str:
    """Recall and false alarms of each way of disguise, as written and disguised."""
    heads = ["disguise", "rows", "recall plain", "recall", "false alarms plain", "false alarms"]
    rows = [
        [
            escape(one.way.replace("_", " ")),
            str(one.rows),
            percent(one.plain_recall),
            percent(one.recall),
            percent(one.plain_fpr),
            percent(one.fpr),
        ]
        for one in cost.ways
    ]
    return table(heads, rows, class_="narrow")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, class_: str = "") -> str:
    """A table that scrolls by itself where it is too wide; heads are escaped, cells are HTML."""
    head = tag("thead", tag("tr", *(tag("th", escape(one), scope="col") for one in heads)))
    body = tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows))
    return tag("div", tag("table", head, body, class_=class_), class_="wide")


def percent(figure: float | None, interval: Interval | None = None) -> str:
    """A share in percent with its interval in small type, a dash where it is not defined."""
    if figure is None:
        return "–"
    bounds = f"{100 * interval.low:.1f}–{100 * interval.high:.1f}" if interval else ""
    return f"{100 * figure:.1f}" + (tag("small", bounds) if bounds else "")


def _cells(number: int, one: SetResult, *, graded: bool, disguised: bool) -> list[str]:
    cells = [
        tag("a", escape(one.name), href=f"#set-{number}"),
        str(one.rows),
        percent(one.f1, one.f1_interval),
        percent(one.precision),
        percent(one.recall),
        percent(one.fpr, one.fpr_interval),
        percent(one.auprc, one.auprc_interval),
        percent(one.auroc),
        percent(one.recall_at_fpr_1),
        percent(one.recall_at_fpr_5),
        percent(one.ece),
    ]
    if graded:
        cells.append("–" if one.severity_qwk is None else f"{one.severity_qwk:.2f}")
    if disguised:
        cells.append(percent(one.obfuscated.f1 if one.obfuscated else None))
    return cells
