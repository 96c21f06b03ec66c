import pytest

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
