from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.calibration import probabilities, scales
from headgate.models.manifest import Manifest, read


@pytest.fixture
def manifest(tiny: Path) -> Manifest:
    return read(tiny)


def test_a_head_without_calibration_keeps_its_logit(manifest: Manifest):
    found = probabilities(np.zeros((1, len(manifest.heads)), dtype=np.float32), scales=scales(manifest))
    assert (found == 0.5).all()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_probabilities_never_overflow_and_are_rounded(logit: float):
    from headgate.models.calibration import Scales

    [[found]] = probabilities(np.array([[logit]], dtype=np.float32), scales=Scales(np.array([2.0]), np.array([0.5])))
    assert 0.0 <= found <= 1.0
    assert found == round(float(found), 4)
