"""One HTML file that shows an evaluation: nothing is fetched, no script runs, it prints."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from ..evaluate import Evaluation, Measured, SetResult
from . import plots
from .mistakes import shown, worst
from .svg import tag
from .tables import every_set, percent, ways

_STYLE: Final = Path(__file__).with_name("page.css")
# Texts of rows stand in the page: should one ever get past the escaping, it still can load and run nothing.
_RULE: Final = "default-src 'none'; style-src 'unsafe-inline'"

_KEY: Final = '<span class="key unsafe">unsafe rows</span> <span class="key safe">safe rows</span>'
_CURVE: Final = "dot: the threshold in use; dashed: flag everything"
_HELP: Final = (
    ("F1, precision, recall, false alarms", "at the one threshold; small: 95 % bootstrap interval."),
    ("AUPRC, AUROC", "over all thresholds; 100 is perfect, AUROC 50 is a coin."),
    ("R@1%, R@5%", "recall at the threshold where 1 or 5 in 100 safe rows are flagged."),
    ("ECE", "mean gap between the score and the share that is unsafe, over 15 bins of equal mass; 0 is calibrated."),
    ("severity QWK", "agreement with people's grades 0–3, far-off grades weigh more; 1 is full, 0 is chance."),
    ("disguise", "the same rows in leetspeak, with zero-width letters, look-alikes, set apart, or in base64."),
)


def page(evaluation: Evaluation) -> str:
    """The page as a text; all that comes from rows and file names is escaped."""
    report = evaluation.report
    title = f"Evaluation of {report.model}"
    rows = sum(one.rows for one in report.sets)
    head = tag(
        "head",
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_RULE}"><meta name="color-scheme" content="light dark">',
        tag("title", escape(title)),
        tag("style", _STYLE.read_text("utf-8")),
    )
    said = (
        f"{rows:,} rows, sets: {len(report.sets)}, one threshold for all: {report.threshold:.4g}. Figures in percent."
    )
    body = tag(
        "body",
        tag("header", tag("h1", escape(title)), tag("p", said)),
        tag("main", every_set(report), _help(), *(_set(at, one) for at, one in enumerate(evaluation.sets))),
    )
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'


def _help() -> str:
    items = "".join(tag("dt", escape(term)) + tag("dd", escape(meaning)) for term, meaning in _HELP)
    return tag("details", tag("summary", "How to read this"), tag("dl", items), class_="help")


def _set(number: int, measured: Measured) -> str:
    result = measured.result
    labels, scores = [row.sample.positive for row in measured.rows], [row.score for row in measured.rows]
    at = result.threshold
    pictures = [
        _figure("Precision and recall", plots.precision_recall(labels, scores, threshold=at), note=_CURVE),
        _figure("Reliability", plots.calibration(result.reliability), note=_ece(result)),
        _figure("Scores", plots.histogram(labels, scores, threshold=at), note=_KEY),
    ]
    if result.severity_rows:
        pictures.append(_figure("Severity", plots.confusion(result.severity_confusion), note=_severity(result)))
    parts = [
        tag("h2", escape(result.name)),
        _facts(result),
        tag("div", *pictures, class_="plots four" if len(pictures) == 4 else "plots"),
    ]
    if result.categories:
        parts.append(_figure("By category", plots.categories(result.categories), note=_names(result), class_="broad"))
    if result.obfuscated:
        parts += [tag("h3", "In disguise"), tag("p", _cost(result), class_="facts"), ways(result.obfuscated)]
    parts.append(shown(worst(measured.rows, threshold=at)))
    return tag("section", *parts, id=f"set-{number}")


def _facts(result: SetResult) -> str:
    facts = [
        f"{result.positives} unsafe and {result.negatives} safe rows",
        f"F1 {percent(result.f1, result.f1_interval)}",
        f"{result.misses} missed",
        f"{result.false_alarms} false alarms ({percent(result.fpr)} % of the safe half)",
    ]
    facts += [f"{result.unjudged} not judged"] if result.unjudged else []
    facts += [f"left out: {count} {escape(kind)}" for kind, count in result.left_out.items()]
    return tag("p", " · ".join(facts), class_="facts")


def _figure(title: str, picture: str, *, note: str = "", class_: str = "") -> str:
    inside = picture or tag("p", "Not defined for these rows.", class_="quiet")
    return tag("figure", tag("h3", title), inside, tag("figcaption", note), class_=class_)


def _ece(result: SetResult) -> str:
    return f"ECE {percent(result.ece)} %; on the dashed line a score means what it says"


def _severity(result: SetResult) -> str:
    def share(figure: float | None) -> str:
        return "–" if figure is None else f"{100 * figure:.0f} %"

    kappa = "–" if result.severity_qwk is None else f"{result.severity_qwk:.2f}"
    return (
        f"{result.severity_rows} graded rows, QWK {kappa}, macro-F1 {percent(result.severity_macro_f1)}; of severe "
        f"rows {share(result.severity_severe_recall)} found severe, "
        f"{share(result.severity_severe_to_minor)} called minor or none"
    )


def _names(result: SetResult) -> str:
    read = (
        f"read from the set's names as {result.taxonomy}'s" if result.taxonomy != "headgate" else "as the set has them"
    )
    whose = f"Headgate's categories, {read}." if result.taxonomy else "The set's own categories."
    more = len(result.categories) - plots.MOST_BARS
    return f"{_KEY} {escape(whose)}" + (f" {more} rarer ones are in report.json." if more > 0 else "")


def _cost(result: SetResult) -> str:
    cost = result.obfuscated
    if cost is None:
        return ""
    drops: Sequence[str] = [
        f"{name} {percent(now)} ({_signed(change)})"
        for name, now, change in (
            ("F1", cost.f1, None if cost.f1_drop is None else -cost.f1_drop),
            ("recall", cost.recall, None if cost.recall_drop is None else -cost.recall_drop),
            ("false alarms", cost.fpr, cost.fpr_rise),
        )
    ]
    return " · ".join(drops)


def _signed(change: float | None) -> str:
    return "–" if change is None else f"{100 * change:+.1f}"
