import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from headgate.models.vision.relief import BLOCK, FLAT, Region, extent, relief_of, share_outside

from .pictures import page, pixels


def spot(*, x: int, y: int, by: int, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """White paper with one square of 10 pixels that is darker by so many levels."""
    picture = Image.new("RGB", size, "white")
    picture.paste((255 - by,) * 3, (x, y, x + 10, y + 10))
    return pixels(picture)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)


@given(x=st.integers(0, 310), y=st.integers(0, 230))
def test_whatever_stands_out_is_found_wherever_it_is(x: int, y: int) -> None:
    image = spot(x=x, y=y, by=FLAT + 1)
    relief = relief_of(image)
    assert relief.shape == (240 // BLOCK, 320 // BLOCK)
    region = extent(relief, image)
    assert region.left <= x
    assert region.right >= x + 10
    assert region.top <= y
    assert region.bottom >= y + 10


def test_what_hardly_stands_out_is_plain_ground() -> None:
    assert not relief_of(spot(x=100, y=100, by=FLAT)).any()


@pytest.mark.parametrize("size", [(8, 8), (13, 5), (321, 243)])
def test_every_pixel_is_in_some_block(size: tuple[int, int]) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[-1, -1] = 255
    assert relief_of(image)[-1, -1]


def test_relief_within_boxes_is_not_outside() -> None:
    image = spot(x=100, y=100, by=200)
    relief = relief_of(image)
    assert share_outside(relief, [box(98, 98, 112, 112)]) == 0
    assert share_outside(relief, [box(10, 10, 40, 40)]) == 1
    assert share_outside(relief, []) == 1
    assert share_outside(np.zeros_like(relief), []) == 0


def test_a_plain_image_is_its_own_extent() -> None:
    image = np.full((90, 120, 3), 7, np.uint8)
    assert extent(relief_of(image), image) == Region(left=0, top=0, right=120, bottom=90)


def test_a_page_ends_where_its_words_end() -> None:
    image = pixels(page(["bread"], size=(800, 600)))
    region = extent(relief_of(image), image)
    assert region.right < 300
    assert region.bottom < 120
