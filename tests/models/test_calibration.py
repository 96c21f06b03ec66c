from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.calibration import probabilities, scales, threshold_for
from headgate.models.errors import ConfigError
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


def test_a_measured_rate_gives_its_threshold(manifest: Manifest):
    assert threshold_for(manifest, head="unsafe", fpr=0.01) == pytest.approx(0.7)


def test_between_two_rates_the_logarithm_is_interpolated(manifest: Manifest):
    assert threshold_for(manifest, head="unsafe", fpr=0.01 * 10**0.5) == pytest.approx(0.5)


@given(st.floats(0.001, 0.1), st.floats(0.001, 0.1))
@settings(deadline=None)
def test_a_lower_rate_never_has_a_lower_threshold(tiny: Path, one: float, other: float):
    low, high = sorted((one, other))
    manifest = read(tiny)
    assert threshold_for(manifest, head="unsafe", fpr=low) >= threshold_for(manifest, head="unsafe", fpr=high)


@pytest.mark.parametrize("rate", [0.0001, 0.2, 0.0])
def test_a_rate_beyond_the_table_is_refused_with_its_bounds(manifest: Manifest, rate: float):
    with pytest.raises(ConfigError, match=r"0\.001 to 0\.1"):
        threshold_for(manifest, head="unsafe", fpr=rate)


def test_a_head_without_a_table_is_refused_with_those_that_have_one(manifest: Manifest):
    with pytest.raises(ConfigError, match="measured: unsafe"):
        threshold_for(manifest, head="insult", fpr=0.01)
