from __future__ import annotations

import re
from html.parser import HTMLParser

from headgate.guard.evaluate import Evaluation, Report
from headgate.guard.report.page import page

from .evaluation import HOSTILE, evaluation

VOID = {"meta"}


class Outline(HTMLParser):
    """The elements of a page, whether each was closed, and what is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def _outline(html: str) -> Outline:
    outline = Outline()
    outline.feed(html)
    outline.close()
    assert outline.opened == []
    return outline


def test_a_page_has_every_plot_and_every_table_and_fetches_nothing() -> None:
    html = page(evaluation(obfuscate=True))
    outline = _outline(html)
    assert outline.seen.count("svg") == 5
    assert outline.seen.count("table") == 2
    assert outline.links == ["#set-0"]
    assert not {"script", "link", "img", "iframe"} & set(outline.seen)
    assert "url(" not in html
    assert "@import" not in html
    assert set(re.findall(r"https?://[^\"]+", html)) == {"http://www.w3.org/2000/svg"}


def test_it_says_what_was_measured_and_what_was_left_out() -> None:
    html = page(evaluation())
    for words in ("fake@0", "6 unsafe and 6 safe rows", "1 missed", "1 false alarms (16.7 %", "left out: 1 sensitive"):
        assert words in html


def test_nothing_that_a_row_or_a_name_holds_becomes_markup() -> None:
    html = page(evaluation(HOSTILE, "ripe", name=HOSTILE))
    assert "<script" not in html
    _outline(html)


def test_every_text_lies_in_a_fold() -> None:
    open_text = re.sub(r"<details.*?</details>", "", page(evaluation()), flags=re.DOTALL)
    assert "pear" not in open_text


def test_sets_of_one_side_or_of_none_still_make_a_page() -> None:
    _outline(page(evaluation("ripe")))
    _outline(page(Evaluation(Report(sets=(), model="none", threshold=0.5), ())))
