from __future__ import annotations

from headgate.guard.evaluate import Scored
from headgate.guard.report.mistakes import shown, worst
from headgate.guard.samples import Sample
from headgate.models.content import Image, Text

from .evaluation import HOSTILE


def row(number: int, score: float, *, positive: bool, text: str = "a pear", context: str = "") -> Scored:
    return Scored(Sample(row=number, part=Text(text=text, context=context), positive=positive), score)


def test_the_surest_mistakes_come_first_and_right_answers_not_at_all() -> None:
    rows = [
        row(1, 0.6, positive=False),
        row(2, 0.9, positive=False),
        row(3, 0.9, positive=True),
        row(4, 0.1, positive=True),
        row(5, 0.4, positive=True),
        row(6, 0.2, positive=False),
    ]
    found = worst(rows, threshold=0.5)
    assert [one.sample.row for one in found.false_alarms] == [2, 1]
    assert [one.sample.row for one in found.misses] == [4, 5]


def test_no_more_than_so_many_are_kept() -> None:
    found = worst([row(at, 0.9, positive=False) for at in range(50)], threshold=0.5)
    assert [one.sample.row for one in found.false_alarms] == list(range(20))


def test_texts_are_folded_and_escaped() -> None:
    html = shown(worst([row(1, 0.9, positive=False, text=HOSTILE, context="<b>why?</b>")], threshold=0.5))
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert html.index("<details>") < html.index("&lt;script&gt;") < html.index("</details>")


def test_a_very_long_text_is_cut_and_says_so() -> None:
    html = shown(worst([row(1, 0.9, positive=False, text="pear " * 5000)], threshold=0.5))
    assert "21000 more characters" in html
    assert len(html) < 6000


def test_what_is_not_a_text_is_only_named() -> None:
    picture = Scored(Sample(row=1, part=Image(path="images[0]"), positive=True), 0.1)
    assert "images[0]" in shown(worst([picture], threshold=0.5))
