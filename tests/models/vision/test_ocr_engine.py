from pathlib import Path

import numpy as np
import pytest

from headgate.models.errors import InferenceFailed, ModelUnavailable
from headgate.models.vision.ocr_engine import Engine, available, engine, models


def test_the_engine_is_made_once_and_knows_its_letters(eyes: Engine) -> None:
    assert available()
    assert engine() is eyes
    assert {"a", "Z", "7", " "} <= set(eyes.letters)
    assert eyes.letters[0] == ""
    assert len(eyes.digest) == 16


def test_a_line_is_answered_with_a_chance_for_every_letter(eyes: Engine) -> None:
    found = eyes.read(np.zeros((2, 3, 48, 96), np.float32))
    assert found.shape[0] == 2
    assert found.shape[2] == len(eyes.letters)


def test_input_that_the_graph_cannot_take_is_not_judged(eyes: Engine) -> None:
    with pytest.raises(InferenceFailed):
        eyes.detect(np.zeros((1, 5, 32, 32), np.float32))


def test_an_image_after_a_large_one_is_seen_as_before(eyes: Engine) -> None:
    small = np.linspace(-1, 1, 3 * 96 * 96, dtype=np.float32).reshape(1, 3, 96, 96)
    before = eyes.detect(small)
    assert eyes.detect(np.zeros((1, 3, 1056, 1024), np.float32)).shape == (1056, 1024)
    assert np.array_equal(eyes.detect(small), before)


def test_work_on_several_items_is_answered_in_order(eyes: Engine) -> None:
    assert eyes.each(lambda number: number * 2, range(20)) == [number * 2 for number in range(20)]
    assert eyes.each(str, []) == []


def test_a_failure_of_one_item_is_the_callers(eyes: Engine) -> None:
    def fails(number: int) -> int:
        if number == 3:
            raise InferenceFailed("this one")
        return number

    with pytest.raises(InferenceFailed, match="this one"):
        eyes.each(fails, range(5))


def test_a_folder_without_graphs_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="install rapidocr"):
        Engine(tmp_path)
    assert models().is_dir()
