from __future__ import annotations

from headgate.guard.measures.intervals import Interval
from headgate.guard.report.tables import every_set, percent, table, ways

from .evaluation import evaluation


def test_percentages_have_their_interval_and_a_dash_where_there_is_none() -> None:
    assert percent(0.5) == "50.0"
    assert percent(0.5, Interval(0.412, 0.6)) == "50.0<small>41.2–60.0</small>"
    assert percent(None, None) == "–"


def test_every_set_has_a_row_that_leads_to_its_section() -> None:
    html = every_set(evaluation(name="<garden>").report)
    assert '<a href="#set-0">&lt;garden&gt;</a>' in html
    assert "severity QWK" in html
    assert "disguised" not in html


def test_the_disguise_has_a_column_and_a_table_of_its_ways() -> None:
    report = evaluation(obfuscate=True).report
    cost = report.sets[0].obfuscated
    assert "F1 disguised" in every_set(report)
    assert cost is not None
    assert all(one.way.replace("_", " ") in ways(cost) for one in cost.ways)


def test_heads_are_escaped() -> None:
    assert "<b>" not in table(["<b>"], [])
