from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.measures.breakdown import CategoryResult
from headgate.guard.measures.reliability import reliability
from headgate.guard.report import plots

ROWS = st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=60)
NAME = "{http://www.w3.org/2000/svg}"


def _words(picture: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(picture).iter()]


def _numbers(picture: str) -> list[float]:
    spots = ElementTree.fromstring(picture).iter()
    return [float(value) for spot in spots for key, value in spot.items() if key in {"x", "y", "cx", "cy", "height"}]


@settings(deadline=None, max_examples=40)
@given(ROWS, st.floats(0, 1))
def test_any_rows_give_sound_pictures_or_none(rows: list[tuple[bool, float]], threshold: float) -> None:
    labels, scores = [label for label, _ in rows], [score for _, score in rows]
    pictures = [
        plots.precision_recall(labels, scores, threshold=threshold),
        plots.histogram(labels, scores, threshold=threshold),
        plots.calibration(reliability(labels, scores).bins),
    ]
    for picture in filter(None, pictures):
        # Nothing is drawn outside: the frames are at most 320 by 250.
        assert all(-1 <= number <= 321 for number in _numbers(picture))
    assert bool(pictures[0]) == any(labels)
    assert bool(pictures[1]) == bool(pictures[2]) == bool(rows)


def test_the_threshold_in_use_is_marked() -> None:
    picture = plots.precision_recall([True, False, True], [0.9, 0.6, 0.3], threshold=0.5)
    (dot,) = ElementTree.fromstring(picture).iter(f"{NAME}circle")
    assert dot[0].text == "threshold 0.5"


def test_a_long_curve_is_drawn_with_few_points() -> None:
    scores = [at / 5000 for at in range(5000)]
    picture = plots.precision_recall([at % 3 == 0 for at in range(5000)], scores, threshold=0.5)
    assert len(picture) < 20_000


def test_the_matrix_shows_counts_and_shares_of_each_row() -> None:
    words = _words(plots.confusion([(3, 1, 0, 0), (0, 2, 0, 0), (0, 0, 0, 0), (0, 0, 0, 7)]))
    assert {"3", "75 %", "25 %", "7", "100 %", "severe"} <= set(words)


@pytest.mark.parametrize("name", ["insult", "a" * 90, "<i>odd</i>"])
def test_a_category_has_its_name_its_recall_and_its_false_alarms(name: str) -> None:
    one = CategoryResult(category=name, positives=8, recall=0.75, negatives=4, fpr=0.5, named=None)
    words = _words(plots.categories([one]))
    assert "75 % of 8 · 50 % of 4" in words
    assert any(word.startswith(name[:39]) for word in words)


def test_only_the_most_frequent_categories_are_drawn() -> None:
    def results(count: int) -> Sequence[CategoryResult]:
        return [
            CategoryResult(category=f"c{at}", positives=1, recall=1.0, negatives=0, fpr=None, named=None)
            for at in range(count)
        ]

    assert "c39" not in _words(plots.categories(results(40)))
    assert plots.categories([]) == ""
