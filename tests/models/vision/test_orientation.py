import numpy as np
import pytest

from headgate.models.vision.ocr_engine import Engine
from headgate.models.vision.orientation import LEVEL, QUARTER, UPRIGHT, Strips, certain, sense, ways_of
from headgate.models.vision.text_boxes import find
from headgate.models.vision.text_lines import Line

from .pictures import page, pixels


def box(width: float, height: float) -> np.ndarray:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)


def test_columns_are_read_sideways_and_lines_level() -> None:
    assert ways_of([box(100, 20), box(80, 20)]) == LEVEL
    assert ways_of([box(20, 100), box(20, 10)]) == QUARTER


@pytest.mark.parametrize("way", [*LEVEL, *QUARTER], ids=lambda way: way.name)
def test_a_way_runs_along_one_axis_and_down_the_other(way: object) -> None:
    along, down = way.along, way.down  # type: ignore[attr-defined]
    assert abs(along).sum() == abs(down).sum() == 1
    assert along @ down == 0


def test_all_eight_ways_differ() -> None:
    assert len({way.corners for way in (*LEVEL, *QUARTER)}) == 8


def test_words_make_more_sense_than_letters() -> None:
    assert sense([Line(text="with the people", sure=0.9)]) > sense([Line(text="qwpz elpoep xht", sure=0.9)])
    assert sense([]) == 0.0


def test_letters_that_look_alike_when_turned_tell_no_way() -> None:
    assert certain([Line(text="Bread and butter", sure=0.97)])
    assert not certain([Line(text="Bread and butter", sure=0.85)])
    assert not certain([Line(text="BOX OF MIXED COOKIES", sure=0.99)])
    assert not certain([Line(text="Bed", sure=0.99), Line(text="12", sure=0.99)])
    assert not certain([])


def test_a_line_is_read_once_a_way(eyes: Engine) -> None:
    image = pixels(page(["Bread and butter"]))
    strips = Strips(image, find(image, eyes, side=640).boxes, eyes)
    (line,) = strips.read([0], UPRIGHT)
    assert line.text == "Bread and butter"
    assert strips.read([0, 0], UPRIGHT)[1] is line
    assert strips.read([0], LEVEL[1])[0].text != line.text
