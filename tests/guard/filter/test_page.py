from __future__ import annotations

from pathlib import Path

from headgate.guard.filter.page import histogram, matrix, page, shares
from headgate.guard.filter.report import Counts, Example, Run, report
from headgate.guard.filter.run import run_filter

from .rows import Counting, job, many, write

RUN = Run(inputs=("a",), sizes=(1,), columns={}, policy="<p>", policy_hash="h", mode="enforce", models=("m@0",))


def test_the_page_shows_what_went_where_and_loads_nothing(tmp_path: Path) -> None:
    run_filter(job(Counting(), tmp_path / "out", write(tmp_path / "in.jsonl", many(40)), examples=True))
    html = (tmp_path / "out" / "report.html").read_text()
    assert "violence" in html
    assert "<svg" in html
    assert "default-src 'none'" in html
    assert "<script" not in html
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")


def test_rows_are_escaped_and_folded() -> None:
    counts = Counts()
    example = Example(file="/data/a.jsonl", number=3, reason="<b>", text="<script>x</script>")
    html = page(report(counts, RUN, complete=True, seconds=1, judged=0), {"dropped": [example]})
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert html.count("<details>") == 1
    assert "<p>@" not in html


def test_answers_made_again_are_shown_where_there_are_any() -> None:
    counts = Counts(bins={"kept": 1, "dropped": 0, "review": 0, "errors": 0, "regenerated": 2}, rows=3)
    assert 'class="key regenerated"' in page(report(counts, RUN, complete=True, seconds=1, judged=3), {})
    assert 'class="key regenerated"' not in page(report(Counts(), RUN, complete=True, seconds=1, judged=0), {})


def test_plots_are_empty_where_there_is_nothing() -> None:
    assert matrix({}) == histogram({}) == shares({}) == ""


def test_bars_say_their_numbers() -> None:
    assert "2 kept, 0.00 to 0.05" in histogram({"kept": [2, *[0] * 19]})
    assert "own: 25.0 % dropped" in shares({"own": {"kept": 3, "dropped": 1}})
    assert ">7<" in matrix({"insult": {"minor": 7}})
