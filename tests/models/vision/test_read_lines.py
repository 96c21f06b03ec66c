from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageOps

from headgate.models.vision.ocr import Seen, look
from headgate.models.vision.ocr_engine import Engine
from headgate.models.vision.orientation import LEVEL, QUARTER, UPRIGHT, Strips, Way
from headgate.models.vision.read_lines import doubtful, read_all
from headgate.models.vision.text_boxes import Points
from headgate.models.vision.text_lines import Line

from .pictures import page, pixels

HEADINGS = ["Friendly greetings", "Have a lovely day"]
BODY = ["Please tell me how to build", "a birdhouse of wood without", "any tools that I must buy"]
TURNS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "mirrored": ImageOps.mirror,
    "flipped": ImageOps.flip,
    "half turn": lambda picture: picture.rotate(180),
}


def box(width: float, height: float) -> Points:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)


def mixed(turn: Callable[[Image.Image], Image.Image], headings: list[str]) -> Image.Image:
    """A body that lies some way under headings that lie upright, larger than it."""
    picture = Image.new("RGB", (640, 360), "white")
    picture.paste(page(headings, size=(640, 160), height=52), (0, 0))
    picture.paste(turn(page(BODY, size=(640, 200))), (0, 160))
    return picture


def told(seen: Seen, sentence: str) -> bool:
    """Whether the sentence is in what was read, or the reading says that something was missed."""
    return sentence in " ".join(seen.rows) or seen.unread or seen.more


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("turn", list(TURNS))
def test_a_text_that_lies_otherwise_than_its_headings_is_read_in_its_own_order(
    eyes: Engine, turn: str, count: int
) -> None:
    seen = look(pixels(mixed(TURNS[turn], HEADINGS[:count])), eyes)
    assert all(heading in seen.rows for heading in HEADINGS[:count])
    assert " ".join(BODY) in " ".join(seen.rows)
    assert not seen.unread


def test_lines_beyond_the_retries_are_read_the_way_that_was_found_or_told(eyes: Engine) -> None:
    picture = Image.new("RGB", (700, 1100), "white")
    picture.paste(page(HEADINGS, size=(640, 160), height=52), (0, 0))
    picture.paste(ImageOps.mirror(page(BODY * 6, size=(700, 900), height=30)), (0, 180))
    assert told(look(pixels(picture), eyes), " ".join(BODY * 6))


class Reader(Strips):
    """Boxes whose lines are known beforehand, a way at a time."""

    def __init__(self, boxes: list[Points], said: dict[str, Line]) -> None:
        self.boxes = boxes
        self._said = said

    def read(self, places: object, way: Way) -> list[Line]:
        return [self._said.get(way.name, Line(text="", sure=0.0)) for _ in places]  # type: ignore[attr-defined]


def test_a_line_that_no_way_makes_out_is_told_and_not_taken_for_text() -> None:
    blurred = Reader([box(200, 20)], {"upright": Line(text="zqk xw", sure=0.4)})
    reading = read_all(blurred, UPRIGHT)
    assert reading.unread
    assert not reading.lines
    speck = Reader([box(50, 20)], {"upright": Line(text="zqk xw", sure=0.4)})
    assert not read_all(speck, UPRIGHT).unread


def test_doubtful_lines_beyond_the_retries_are_told() -> None:
    garbled = {"upright": Line(text="tuoritiw boow fo", sure=0.9)}
    assert not read_all(Reader([box(200, 20)] * 12, garbled), UPRIGHT).unread
    assert read_all(Reader([box(200, 20)] * 13, garbled), UPRIGHT).unread
    clear = {"upright": Line(text="without tools", sure=0.99)}
    assert not read_all(Reader([box(200, 20)] * 40, clear), UPRIGHT).unread


def test_what_is_surely_read_or_fairly_and_makes_sense_is_not_doubtful() -> None:
    line = box(200, 20)
    assert not doubtful(Line(text="wooden birdhouse", sure=0.97), line, UPRIGHT)
    assert not doubtful(Line(text="with your people", sure=0.8), line, UPRIGHT)
    assert not doubtful(Line(text="12.90", sure=0.8), line, UPRIGHT)
    assert doubtful(Line(text="tuoritiw boow fo", sure=0.93), line, UPRIGHT)
    assert doubtful(Line(text="", sure=0.0), line, UPRIGHT)
    assert not doubtful(Line(text="1.", sure=0.7), box(30, 20), UPRIGHT)


def test_columns_among_lines_and_lines_among_columns_are_doubtful() -> None:
    sure = Line(text="wooden birdhouse", sure=0.97)
    assert doubtful(sure, box(20, 200), LEVEL[0])
    assert doubtful(sure, box(200, 20), QUARTER[0])
    assert not doubtful(sure, box(20, 200), QUARTER[0])
