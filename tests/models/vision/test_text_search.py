import numpy as np
import pytest
from PIL import Image

from headgate.models.vision.ocr_engine import Engine
from headgate.models.vision.text_search import search

from .pictures import detailed, page, pixels


def test_plain_ground_and_a_picture_without_letters_have_no_boxes(eyes: Engine) -> None:
    assert search(np.full((900, 900, 3), 200, np.uint8), eyes).boxes == ()
    assert search(pixels(detailed()), eyes).boxes == ()


@pytest.mark.parametrize("size", [(4, 4), (5, 900), (900, 5), (40, 40)])
def test_narrow_images_are_searched(size: tuple[int, int], eyes: Engine) -> None:
    image = np.full((size[1], size[0], 3), 255, np.uint8)
    image[::2, ::3] = 0
    assert not search(image, eyes).more


def test_a_page_full_of_small_letters_has_a_box_for_each_line(eyes: Engine) -> None:
    picture = page(["bread and butter for all of us " * 3] * 24, size=(1000, 700), height=11)
    assert len(search(pixels(picture), eyes).boxes) >= 24


def test_what_is_left_of_a_large_page_is_looked_at_as_closely_as_it_needs(eyes: Engine) -> None:
    picture = page(["A morning in May"] * 8, size=(3000, 2000), height=200)
    picture.paste(page(["and a word far below"], size=(400, 40), height=18), (2200, 1900))
    boxes = search(pixels(picture), eyes).boxes
    assert any(box[:, 0].min() > 2150 and box[:, 1].min() > 1880 for box in boxes)


def test_huge_letters_stay_beside_small_ones(eyes: Engine) -> None:
    picture = Image.new("RGB", (1200, 900), "white")
    picture.paste(page(["HERE"], size=(1200, 600), height=420), (0, 0))
    picture.paste(page(["and a word far below"], size=(400, 40), height=12), (700, 840))
    heights = sorted(float(np.ptp(box[:, 1])) for box in search(pixels(picture), eyes).boxes)
    assert heights[0] < 40
    assert heights[-1] > 250
