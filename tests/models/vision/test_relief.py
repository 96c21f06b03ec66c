import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from headgate.models.vision.relief import BLOCK, Region, covered, extent, has_fine, is_bare, outside, relief_of

from .pictures import detailed, page, pixels


def spot(*, x: int, y: int, by: int, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """White paper with one square of 10 pixels that is darker by so many levels."""
    picture = Image.new("RGB", size, "white")
    picture.paste((255 - by,) * 3, (x, y, x + 10, y + 10))
    return pixels(picture)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float32)


@given(x=st.integers(0, 310), y=st.integers(0, 230))
def test_whatever_stands_out_is_found_wherever_it_is(x: int, y: int) -> None:
    image = spot(x=x, y=y, by=9)
    relief = relief_of(image)
    assert relief.shape == (240 // BLOCK, 320 // BLOCK)
    region = extent(relief, image)
    assert region.left <= x
    assert region.right >= x + 10
    assert region.top <= y
    assert region.bottom >= y + 10


def test_what_hardly_stands_out_is_plain_ground() -> None:
    assert not relief_of(spot(x=100, y=100, by=5)).any()


@pytest.mark.parametrize("size", [(8, 8), (13, 5), (321, 243)])
def test_every_pixel_is_in_some_block(size: tuple[int, int]) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[-1, -1] = 255
    assert relief_of(image)[-1, -1]


def test_relief_within_boxes_is_not_outside() -> None:
    relief = relief_of(spot(x=100, y=100, by=200))
    assert not outside(relief, [box(98, 98, 112, 112)]).any()
    assert (outside(relief, [box(10, 10, 40, 40)]) == relief).all()
    assert (outside(relief, []) == relief).all()


def test_a_box_covers_its_blocks_and_those_beside_them() -> None:
    relief = relief_of(spot(x=0, y=0, by=0))
    rows, columns = covered(relief, [box(80, 40, 119, 47)]).nonzero()
    assert (rows.min(), rows.max()) == (4, 6)
    assert (columns.min(), columns.max()) == (9, 15)


def test_a_page_is_bare_and_a_picture_full_of_shapes_is_not() -> None:
    for picture, bare in ((page(["bread"]), True), (page(["bread " * 20] * 12, height=10), True), (detailed(), False)):
        image = pixels(picture)
        assert is_bare(image, relief_of(image)) == bare


def test_small_letters_are_fine_beside_large_ones_and_in_noise() -> None:
    large = page(["Large words"], size=(900, 200), height=90)
    both = large.copy()
    both.paste(page(["and small ones"], size=(300, 30), height=10), (400, 130))
    noise = np.random.default_rng(0).integers(-5, 6, (200, 900, 3))
    for picture, fine in ((large, False), (both, True)):
        image = pixels(picture)
        grainy = np.clip(image + noise, 0, 255).astype(np.uint8)
        everywhere = [box(0, 0, 900, 200)]
        assert has_fine(image, everywhere, width=3) == fine
        assert has_fine(grainy, everywhere, width=3) == fine


def test_a_plain_image_is_its_own_extent() -> None:
    image = np.full((90, 120, 3), 7, np.uint8)
    assert extent(relief_of(image), image) == Region(left=0, top=0, right=120, bottom=90)


def test_a_page_ends_where_its_words_end() -> None:
    image = pixels(page(["bread"], size=(800, 600)))
    region = extent(relief_of(image), image)
    assert region.right < 300
    assert region.bottom < 130


@given(x=st.integers(0, 310), y=st.integers(0, 230))
def test_no_part_is_narrow(x: int, y: int) -> None:
    image = spot(x=x, y=y, by=200)
    region = extent(relief_of(image), image)
    assert 0 <= region.left <= region.right - 128
    assert 0 <= region.top <= region.bottom - 128
    assert region.right <= 320
    assert region.bottom <= 240
