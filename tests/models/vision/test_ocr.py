import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from headgate.models.vision.ocr import look
from headgate.models.vision.ocr_engine import Engine

from .pictures import page, pixels, smooth

ROWS = ["Please read this", "with your family"]
SMALL = "Please read this with your family"


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


def test_small_words_beside_large_ones_are_read(eyes: Engine) -> None:
    picture = page(["Large words"], size=(900, 700), height=90)
    picture.paste(page(["and small ones far below"], size=(300, 40), height=12), (520, 640))
    assert look(pixels(picture), eyes).rows == ["Large words", "and small ones far below"]


def test_small_words_in_a_large_image_are_read_beside_a_headline(eyes: Engine) -> None:
    picture = page(["A headline over it"], size=(2000, 1500), height=170)
    picture.paste(page(["and what it does not say aloud"], size=(500, 50), height=17), (1300, 1300))
    assert look(pixels(picture), eyes).rows == ["A headline over it", "and what it does not say aloud"]


def written(picture: Image.Image, at: tuple[int, int], text: str, *, height: int, fill: str = "black") -> None:
    ImageDraw.Draw(picture).text(at, text, fill=fill, font=ImageFont.load_default(size=height))


@pytest.mark.parametrize(("side", "large", "small"), [(1000, 60, 12), (1000, 60, 15), (1280, 80, 11), (700, 45, 11)])
def test_a_small_line_on_a_page_of_large_ones_is_read(side: int, large: int, small: int, eyes: Engine) -> None:
    picture = Image.new("RGB", (side, side), "white")
    for row in range(9):
        written(picture, (20, 10 + row * side // 10), "Birds in the yard", height=large)
    written(picture, (side // 2, side * 19 // 20), SMALL, height=small)
    assert look(pixels(picture), eyes).rows == ["Birds in the yard"] * 9 + [SMALL]


@pytest.mark.parametrize("levels", [9, 12, 15, 40])
def test_a_faint_line_under_headlines_is_read(levels: int, eyes: Engine) -> None:
    picture = page(["Large words", "Have a good day"], size=(900, 700), height=90)
    written(picture, (60, 450), SMALL, height=40, fill=f"rgb({255 - levels},{255 - levels},{255 - levels})")
    assert look(pixels(picture), eyes).rows == ["Large words", "Have a good day", SMALL]


@pytest.mark.parametrize(("width", "large", "small"), [(1200, 120, 14), (800, 80, 10), (600, 80, 11), (1600, 160, 18)])
def test_a_small_line_close_under_a_headline_is_read(width: int, large: int, small: int, eyes: Engine) -> None:
    picture = Image.new("RGB", (width, width * 3 // 5), "white")
    written(picture, (30, 60), "Good morning", height=large)
    under = ImageDraw.Draw(picture).textbbox((30, 60), "Gormn", font=ImageFont.load_default(size=large))[3]
    written(picture, (40, int(under) + 2), SMALL, height=small)
    assert look(pixels(picture), eyes).rows == ["Good morning", SMALL]


@pytest.mark.parametrize(("side", "height", "at"), [(1600, 16, (600, 900)), (3000, 20, (300, 2200))])
def test_a_small_sentence_alone_on_a_large_page_is_read(
    side: int, height: int, at: tuple[int, int], eyes: Engine
) -> None:
    picture = Image.new("RGB", (side, side), "white")
    written(picture, at, SMALL, height=height)
    assert look(pixels(picture), eyes).rows == [SMALL]


def test_words_that_a_large_drawing_is_beside_are_read(eyes: Engine) -> None:
    picture = Image.new("RGB", (900, 700), "white")
    pen = ImageDraw.Draw(picture)
    for width in range(0, 200, 12):
        pen.ellipse((60 + width, 40, 460 - width, 200), outline="black", width=3)
    picture.paste(page(["Please read this as well"], size=(420, 60), height=26), (60, 420))
    assert "Please read this as well" in look(pixels(picture), eyes).rows


def test_words_far_from_the_corner_are_where_they_stand(eyes: Engine) -> None:
    picture = Image.new("RGB", (1000, 800), "white")
    picture.paste(page(["word " * 6] * 6, size=(500, 320), height=16), (480, 460))
    seen = look(pixels(picture), eyes)
    assert [row.split() for row in seen.rows] == [["word"] * 6] * 6
    assert all(line.box[:, 0].min() > 470 and line.box[:, 1].min() > 450 for line in seen.lines)


def test_a_picture_without_words_and_a_tiny_one_say_nothing(eyes: Engine) -> None:
    assert look(pixels(smooth()), eyes).lines == ()
    assert look(pixels(smooth(size=(3, 3))), eyes).lines == ()
