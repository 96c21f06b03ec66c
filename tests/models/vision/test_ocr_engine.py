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


def test_a_folder_without_graphs_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="install rapidocr"):
        Engine(tmp_path)
    assert models().is_dir()
