import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import smooth  # noqa: E402


def test_a_smoothed_layer_answers_as_the_layer_it_replaces():
    torch.manual_seed(1)
    linear = torch.nn.Linear(6, 4)
    inputs = torch.randn(3, 5, 6) * torch.tensor([1.0, 100.0, 0.1, 1.0, 5.0, 2.0])
    replaced = smooth.SmoothLinear(linear, torch.tensor([0.5, 40.0, 0.1, 1.0, 2.0, 1.0]))
    assert torch.allclose(linear(inputs), replaced(inputs), atol=1e-4)
    assert (inputs * replaced.inverse).abs().max() < inputs.abs().max() / 10


def test_a_layer_without_a_scale_is_the_layer_itself():
    linear, inputs = torch.nn.Linear(6, 4), torch.randn(3, 6)
    assert torch.equal(linear(inputs), smooth.SmoothLinear(linear, None)(inputs))


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=50))
def test_a_range_holds_zero_and_lies_within_the_values(values):
    held = smooth.best_range(np.array(values))
    assert held.lowest <= 0 < held.highest
    assert held.lowest >= min(*values, 0)
    assert held.highest <= max(*values, smooth.SMALLEST)


def test_one_rare_outlier_does_not_cost_the_others_their_steps():
    values = np.append(np.random.default_rng(0).normal(size=100_000), 40.0)
    assert smooth.best_range(values).highest < 40
