import pytest
from PIL import Image, ImageOps

from headgate.models.vision.ocr import look
from headgate.models.vision.ocr_engine import Engine

from .pictures import page, pixels, smooth

ROWS = ["Please read this", "with your family"]


@pytest.mark.parametrize(
    ("turn", "way"),
    [
        (lambda p: p, "upright"),
        (lambda p: p.rotate(180), "half_turn"),
        (ImageOps.mirror, "mirrored"),
        (lambda p: p.rotate(90, expand=True), "turned_left"),
    ],
    ids=["upright", "upside down", "mirrored", "a quarter turn"],
)
def test_text_is_read_however_it_lies(turn: object, way: str, eyes: Engine) -> None:
    seen = look(pixels(turn(page(ROWS))), eyes)  # type: ignore[operator]
    assert seen.rows == ROWS
    assert seen.way == way


def test_small_text_is_read(eyes: Engine) -> None:
    small = page(["Please read this with your family"], size=(320, 60), height=11)
    assert look(pixels(small), eyes).rows == ["Please read this with your family"]


def test_words_of_one_row_stay_together_from_left_to_right(eyes: Engine) -> None:
    picture = Image.new("RGB", (900, 120), "white")
    picture.paste(page(["right"], size=(200, 80)), (640, 10))
    picture.paste(page(["left"], size=(200, 80)), (20, 12))
    assert look(pixels(picture), eyes).rows == ["left right"]


def test_a_picture_without_words_and_a_tiny_one_say_nothing(eyes: Engine) -> None:
    assert look(pixels(smooth()), eyes).lines == ()
    assert look(pixels(smooth(size=(3, 3))), eyes).lines == ()
