import numpy as np

from headgate.models.vision.ocr_engine import Engine
from headgate.models.vision.text_boxes import find, ordered

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
