from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import save

from headgate.export import onnx as graphs
from headgate.models.errors import ConfigError, InferenceFailed
from headgate.models.exported import Axes

from .passes.graphs import feeds, run, small

torch = pytest.importorskip("torch")
INPUTS = (Axes(name="x", dtype="float32", shape=("batch", "sequence", 4)),)


class Network(torch.nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 3)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.linear(x).sum(1)


def test_a_network_is_written_with_free_axes_and_nothing_beside_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Network().eval()
    path = tmp_path / "model.onnx"
    graphs.write(network, path, inputs=INPUTS, sample={"x": np.ones((2, 3, 4), dtype=np.float32)})
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]
    given = {"x": np.random.default_rng(0).normal(size=(5, 9, 4)).astype(np.float32)}
    wanted = graphs.run_network(network, INPUTS)(given)
    np.testing.assert_allclose(graphs.run_graph(path)(given), wanted, atol=1e-5)


def test_what_torch_cannot_trace_is_told(tmp_path: Path) -> None:
    class Odd(torch.nn.Module):  # type: ignore[misc]
        def forward(self, x):  # type: ignore[no-untyped-def]
            raise ArithmeticError("no")

    with pytest.raises(ConfigError, match="ArithmeticError"):
        graphs.write(Odd(), tmp_path / "x.onnx", inputs=INPUTS, sample={"x": np.ones((1, 1, 4), dtype=np.float32)})


@pytest.mark.parametrize("optimise", [True, False])
def test_a_graph_is_run_with_what_it_reads_of_the_feeds(optimise: bool, tmp_path: Path) -> None:
    save(small(), str(tmp_path / "small.onnx"))
    found = graphs.run_graph(tmp_path / "small.onnx", optimise=optimise)(feeds() | {"token_type_ids": np.zeros(1)})
    np.testing.assert_allclose(found, run(small(), tmp_path, feeds()), atol=1e-5)


def test_a_graph_that_fails_says_so(tmp_path: Path) -> None:
    save(small(), str(tmp_path / "small.onnx"))
    far = feeds() | {"input_ids": np.full((4, 7), 999)}
    with pytest.raises(InferenceFailed, match=r"small\.onnx"):
        graphs.run_graph(tmp_path / "small.onnx")(far)
    with pytest.raises(ConfigError, match="cannot load"):
        graphs.run_graph(tmp_path / "none.onnx")
