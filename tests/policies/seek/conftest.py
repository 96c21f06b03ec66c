from __future__ import annotations

import pytest

from headgate.models.registry import load
from headgate.models.text import TextClassifier


@pytest.fixture(scope="session")
def text_model() -> TextClassifier:
    """The shipped text model, telling what texts are about."""
    pytest.importorskip("onnxruntime")
    model = load("text")
    assert isinstance(model, TextClassifier)
    assert model.read_meaning()
    return model
