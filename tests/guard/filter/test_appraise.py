from __future__ import annotations

from collections.abc import Sequence

from headgate.guard.bulk import Concluded
from headgate.guard.filter.answers import Answers
from headgate.guard.filter.appraise import REMEMBERED, Appraised, Appraiser
from headgate.guard.filter.formats.block import Row
from headgate.guard.filter.plan import Plan
from headgate.guard.filter.report import Counts

from ..dialogue import WORSE
from .rows import Counting


def _rows(*texts: object) -> list[Row]:
    return [Row(number=number, fields={"text": text}) for number, text in enumerate(texts, start=1)]


def test_each_row_has_its_conclusion_or_its_error_in_order() -> None:
    found = Appraiser(Plan(folder=""), Counting())(_rows("fine", 7, f"{WORSE} words"), "in", Counts())
    assert ["text must be a text" in one.error for one in found] == [False, True, False]
    assert [one.concluded.verdict.action.value if one.concluded else None for one in found] == [
        "allow",
        None,
        "refuse",
    ]


def test_what_was_judged_is_remembered_by_its_threshold_too() -> None:
    judge, counts = Counting(), Counts()
    appraiser = Appraiser(Plan(folder="", thresholds={"web": 0.99}), judge)
    rows = _rows("fine", "fine", "fine")
    assert rows[2].fields is not None
    rows[2].fields["source"] = "web"
    appraiser(rows, "in", counts)
    appraiser(rows, "in", counts)
    assert (judge.asked, counts.repeated) == (2, 4)
    assert REMEMBERED > 1000


def test_answers_are_made_again_before_rows_are_sorted() -> None:
    def again(rows: Sequence[Appraised], known: Answers) -> None:
        assert known.kept == []
        for one in rows:
            assert isinstance(one.concluded, Concluded)
            one.error = "no upstream"

    (found,) = Appraiser(Plan(folder=""), Counting(), again=again)(_rows("fine"), "in", Counts())
    assert found.error == "no upstream"
