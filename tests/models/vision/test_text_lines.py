import numpy as np

from headgate.models.vision.ocr_engine import Engine
from headgate.models.vision.text_boxes import find
from headgate.models.vision.text_lines import HEIGHT, cut, read

from .pictures import page, pixels


def test_lines_are_read_in_the_order_in_which_they_are_given(eyes: Engine) -> None:
    image = pixels(page(["Bread and butter", "Milk"]))
    boxes = sorted(find(image, eyes, side=640).boxes, key=lambda box: box[0, 1])
    lines = read([cut(image, box) for box in boxes], eyes)
    assert [line.text for line in lines] == ["Bread and butter", "Milk"]
    assert all(line.sure > 0.9 for line in lines)


def test_a_strip_has_the_height_that_is_read_and_the_box_s_proportions() -> None:
    box = np.array([[0, 0], [200, 0], [200, 20], [0, 20]], dtype=np.float32)
    strip = cut(np.zeros((100, 300, 3), np.uint8), box)
    assert strip.shape == (HEIGHT, 480, 3)


def test_an_empty_strip_says_nothing(eyes: Engine) -> None:
    (line,) = read([np.full((HEIGHT, 100, 3), 255, np.uint8)], eyes)
    assert line.text.strip() == ""
    assert read([], eyes) == []


def test_lines_of_any_width_are_read_as_they_are_alone(eyes: Engine) -> None:
    image = pixels(page(["Bread and butter", "Milk", "Eggs", "A long list of other things"]))
    strips = [cut(image, box) for box in find(image, eyes, side=640).boxes]
    assert [line.text for line in read(strips, eyes)] == [read([strip], eyes)[0].text for strip in strips]
