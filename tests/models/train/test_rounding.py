import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from headgate.models.train import rounding  # noqa: E402

LEVELS = 64


def problem(*, wide=40, out=12, seed=3):
    """Weights, correlated inputs that say which of their errors matter, and the mean of the inputs' products."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(600, 8)) @ rng.normal(size=(8, wide)) + 0.2 * rng.normal(size=(600, wide))
    inputs = torch.from_numpy(mixed.astype(np.float32))
    weight = torch.from_numpy(rng.normal(size=(out, wide)).astype(np.float32))
    return weight, inputs, inputs.T @ inputs / len(inputs)


def nearest(weight, *, levels=LEVELS):
    scale = weight.abs().amax(dim=1, keepdim=True) / levels
    return (weight / scale).round() * scale


@pytest.mark.parametrize("levels", [7, LEVELS])
def test_the_products_err_much_less_than_with_every_weight_rounded_to_the_nearest(levels):
    weight, inputs, seen = problem()
    made = rounding.on_grid(weight, seen, levels=levels)
    errors = [float(((one - weight) @ inputs.T).square().mean()) for one in (made, nearest(weight, levels=levels))]
    assert errors[0] < 0.5 * errors[1]


def test_the_grid_can_be_read_back_from_the_weights_to_the_last_integer():
    weight, _, seen = problem(wide=200)
    made = rounding.on_grid(weight, seen, levels=LEVELS)
    peak = made.abs().amax(dim=1, keepdim=True)
    assert torch.equal(peak, weight.abs().amax(dim=1, keepdim=True))
    assert torch.equal(nearest(made), made)
    integers = made / (peak / LEVELS)
    assert float((integers - integers.round()).abs().max()) < 1e-4
    assert float(integers.abs().max()) == LEVELS


def test_inputs_that_say_nothing_of_each_other_give_the_nearest_integers():
    weight, _, _ = problem()
    assert torch.equal(rounding.on_grid(weight, torch.eye(40), levels=LEVELS), nearest(weight))


def test_a_row_of_zeros_and_inputs_never_seen_stay_finite():
    weight, _, seen = problem()
    weight[2] = 0.0
    seen[5], seen[:, 5] = 0.0, 0.0
    made = rounding.on_grid(weight, seen, levels=LEVELS)
    assert torch.isfinite(made).all()
    assert not made[2].any()
    assert torch.isfinite(rounding.on_grid(weight, torch.zeros(40, 40), levels=LEVELS)).all()
