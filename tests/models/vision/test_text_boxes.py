import numpy as np

from headgate.models.vision.ocr_engine import Engine
from headgate.models.vision.text_boxes import Found, find, legible, ordered

from .pictures import page, pixels


def test_a_box_is_found_for_every_line(eyes: Engine) -> None:
    found = find(pixels(page(["Bread and butter", "Milk and honey"])), eyes, side=640)
    assert len(found.boxes) == 2
    heights = sorted(float(box[:, 1].mean()) for box in found.boxes)
    assert 10 < heights[0] < 70 < heights[1] < 130
    assert not found.more


def test_an_empty_page_holds_no_text(eyes: Engine) -> None:
    assert find(pixels(page([])), eyes, side=416).boxes == ()


def test_corners_go_clockwise_from_the_upper_left() -> None:
    corners = np.array([[10, 5], [0, 0], [0, 5], [10, 0]])
    assert ordered(corners).tolist() == [[0, 0], [10, 0], [10, 5], [0, 5]]


def strip(width: int, height: int) -> np.ndarray:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)


def test_of_more_text_than_is_read_at_once_the_largest_letters_stay_in_their_order_and_the_rest_is_told() -> None:
    page = [strip(2000, 10) for _ in range(12)]
    large = strip(900, 90)
    found = legible(Found(boxes=(*page[:4], large, *page[4:])))
    assert found.more
    assert [box.shape for box in found.boxes] == [(4, 2)] * 9
    assert found.boxes[4] is large


def test_an_ordinary_page_is_read_whole() -> None:
    found = Found(boxes=tuple(strip(800, 20) for _ in range(40)))
    assert legible(found) is found
