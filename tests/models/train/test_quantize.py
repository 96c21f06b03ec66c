from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headgate.models.errors import ConfigError
from headgate.models.run_onnx import Logits, OnnxRuntime
from headgate.models.train.quantize import RANGE, quantize_tokenwise

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

VOCABULARY, WIDTH, INNER, HEADS, HEAD_WIDTH = 300, 32, 64, 7, 8
SMALLEST = 512


class Graph:
    """One post-norm encoder layer with a masked mean and a head, at random weights."""

    def __init__(self, *, opset: int) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}
        self.opset = opset
        self.rng = np.random.default_rng(0)

    def weight(self, name: str, *shape: int) -> str:
        self.constants[name] = (self.rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(onnx.helper.make_node(kind, inputs, [output], **attributes))
        return output

    def linear(self, name: str, given: str, rows: int, columns: int) -> str:
        product = self.node("MatMul", [given, self.weight(f"{name}_w", rows, columns)], f"{name}_product")
        return self.node("Add", [product, self.weight(f"{name}_b", columns)], name)

    def integers(self, name: str, *values: int) -> str:
        self.constants[name] = np.array(values)
        return name


def attention(graph: Graph, tokens: str, mask: str) -> str:
    query, key, value = (graph.linear(name, tokens, WIDTH, WIDTH) for name in ("query", "key", "value"))
    across = graph.node("Transpose", [key], "across", perm=[0, 2, 1])
    scores = graph.node("MatMul", [query, across], "scores")
    hidden = graph.node("Sub", [mask, graph.weight("unit", 1)], "hidden")
    graph.constants["unit"][:] = 1.0
    graph.constants["large"] = np.array([1e4], dtype=np.float32)
    penalty = graph.node(
        "Mul", [graph.node("Transpose", [hidden], "hidden_across", perm=[0, 2, 1]), "large"], "penalty"
    )
    weights = graph.node("Softmax", [graph.node("Add", [scores, penalty], "masked_scores")], "weights", axis=-1)
    return graph.node("MatMul", [weights, value], "attended")


def write_encoder(path: Path, *, opset: int = 17, quantisable: bool = True) -> Path:
    graph = Graph(opset=opset)
    tokens = graph.node("Gather", [graph.weight("embedding", VOCABULARY, WIDTH), "input_ids"], "tokens")
    mask = graph.node(
        "Unsqueeze", [graph.node("Cast", ["attention_mask"], "kept", to=1), graph.integers("last", -1)], "mask"
    )
    if quantisable:
        attended = graph.linear("output", attention(graph, tokens, mask), WIDTH, WIDTH)
        tokens = graph.node("Add", [tokens, attended], "residual")
        inner = graph.node("Relu", [graph.linear("inner", tokens, WIDTH, INNER)], "active")
        tokens = graph.node("Add", [tokens, graph.linear("outer", inner, INNER, WIDTH)], "encoded")
    total = graph.node(
        "ReduceSum", [graph.node("Mul", [tokens, mask], "kept_tokens"), graph.integers("axis", 1)], "total", keepdims=0
    )
    count = graph.node("ReduceSum", ["kept", "axis"], "count", keepdims=1)
    mean = graph.node("Div", [total, count], "mean")
    if quantisable:
        dense = [mean, graph.weight("dense_w", WIDTH, WIDTH), graph.weight("dense_b", WIDTH)]
        mean = graph.node("Relu", [graph.node("Gemm", dense, "dense", transB=1)], "pooled")
    head = [mean, graph.weight("head_w", HEADS, WIDTH), graph.weight("head_b", HEADS)]
    graph.node("Gemm", head, "logits", transB=1)
    save(graph, path)
    return path


def save(graph: Graph, path: Path) -> None:
    value = onnx.helper.make_tensor_value_info
    shape = ["batch", "sequence"]
    inputs = [value(name, onnx.TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")]
    output = value("logits", onnx.TensorProto.FLOAT, ["batch", HEADS])
    initializers = [onnx.numpy_helper.from_array(array, name) for name, array in graph.constants.items()]
    made = onnx.helper.make_graph(graph.nodes, "encoder", inputs, [output], initializers)
    opset = onnx.helper.make_opsetid("", graph.opset)
    onnx.save(onnx.helper.make_model(made, opset_imports=[opset], ir_version=8), str(path))


@pytest.fixture(scope="module", params=[17, 18])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("quantised")
    source = write_encoder(folder / "float.onnx", opset=request.param)
    quantize_tokenwise(source, folder / "int8.onnx", smallest=SMALLEST)
    return [source, folder / "int8.onnx"]


def rows(count: int, *, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, VOCABULARY, size=int(length)).tolist() for length in rng.integers(2, 40, size=count)]


def run(path: Path, ids: list[list[int]], *, threads: int = 1) -> Logits:
    return OnnxRuntime(path, threads=threads).run(ids, [[0] * len(row) for row in ids])


def test_the_answers_stay_near_those_of_the_float_graph(pair: list[Path]):
    source, target = pair
    ids = rows(40)
    expected, found = run(source, ids), run(target, ids)
    assert np.abs(expected - found).max() < 0.05 * np.abs(expected).max()
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.999


def test_a_row_gets_the_same_bits_whatever_it_is_batched_and_padded_with(pair: list[Path]):
    ids = rows(24)
    alone = np.concatenate([run(pair[1], [row]) for row in ids])
    for size in (2, 3, 8, 24):
        together = np.concatenate([run(pair[1], ids[at : at + size]) for at in range(0, 24, size)])
        np.testing.assert_array_equal(together, alone)


def test_a_row_gets_the_same_bits_on_more_threads(pair: list[Path]):
    ids = rows(12, seed=1)
    np.testing.assert_array_equal(run(pair[1], ids, threads=2), run(pair[1], ids))


def test_large_weights_are_int8_of_seven_bits_and_small_ones_float(pair: list[Path]):
    kinds = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(str(pair[1])).graph.initializer}
    quantised = {name: array for name, array in kinds.items() if array.dtype == np.int8}
    assert len(quantised) == 7  # query, key, value, output, inner, outer and the embedding
    weights = [array for name, array in quantised.items() if "embedding" not in name]
    assert all(int(np.abs(array.astype(int)).max()) == 64 for array in weights)
    large = [name for name, array in kinds.items() if array.dtype == np.float32 and array.size >= SMALLEST]
    assert large == ["dense_w/left"]  # it reads pooled rows


def test_one_quantised_activation_serves_query_key_and_value(pair: list[Path]):
    nodes = onnx.load(str(pair[1])).graph.node
    assert sum(node.op_type == "MatMulIntegerToFloat" for node in nodes) == 6
    assert sum(node.op_type == "QuantizeLinear" for node in nodes) == 4


def test_what_reads_pooled_rows_stays_float(pair: list[Path]):
    kinds = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(str(pair[1])).graph.initializer}
    assert {name: array.dtype for name, array in kinds.items() if name.endswith("/left")} == {
        "dense_w/left": np.float32,
        "head_w/left": np.float32,
    }


RANGES = {"query_w": (-4.0, 4.0), "key_w": (-4.0, 4.0), "value_w": (-4.0, 4.0), "outer_w": (0.0, 5.0)}


@pytest.fixture(scope="module")
def ranged(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The float graph and its int8 graph, where the inputs of four weights have a range and those of two have none."""
    folder = tmp_path_factory.mktemp("ranged")
    source = write_encoder(folder / "float.onnx")
    model = onnx.load(str(source))
    onnx.helper.set_model_props(model, {RANGE + name: f"{low} {high}" for name, (low, high) in RANGES.items()})
    onnx.save(model, str(source))
    quantize_tokenwise(source, folder / "int8.onnx", smallest=SMALLEST)
    return [source, folder / "int8.onnx"]


def test_a_noted_range_gives_one_constant_scale_and_a_bias_inside_the_product(ranged: list[Path]):
    nodes = onnx.load(str(ranged[1])).graph.node
    products = {node.input[1]: node for node in nodes if node.op_type == "MatMulIntegerToFloat"}
    assert {name for name, node in products.items() if len(node.input) == 7} == {f"{name}/int8" for name in RANGES}
    assert sum(node.op_type == "QuantizeLinear" for node in nodes) == 4
    assert sum(node.op_type == "ReduceMax" for node in nodes) == 2


def test_with_noted_ranges_the_answers_stay_near_and_equal_to_the_bit(ranged: list[Path]):
    ids = rows(24)
    expected, alone = run(ranged[0], ids), np.concatenate([run(ranged[1], [row]) for row in ids])
    assert np.corrcoef(expected.ravel(), alone.ravel())[0, 1] > 0.999
    np.testing.assert_array_equal(run(ranged[1], ids), alone)
    np.testing.assert_array_equal(run(ranged[1], ids, threads=2), alone)


def test_a_token_of_zeros_stays_finite(tmp_path: Path):
    source = write_encoder(tmp_path / "float.onnx")
    model = onnx.load(str(source))
    for tensor in model.graph.initializer:
        if tensor.name == "embedding":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros((VOCABULARY, WIDTH), dtype=np.float32), "embedding"))
    onnx.save(model, str(source))
    quantize_tokenwise(source, tmp_path / "int8.onnx", smallest=SMALLEST)
    assert np.isfinite(run(tmp_path / "int8.onnx", rows(3))).all()


def test_a_graph_with_nothing_to_quantise_is_refused_and_nothing_is_written(tmp_path: Path):
    source = write_encoder(tmp_path / "float.onnx", quantisable=False)
    with pytest.raises(ConfigError, match="no MatMul"):
        quantize_tokenwise(source, tmp_path / "int8.onnx", smallest=SMALLEST)
    assert not (tmp_path / "int8.onnx").exists()


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path):
    (tmp_path / "float.onnx").write_bytes(b"no graph")
    with pytest.raises(ConfigError, match="cannot load"):
        quantize_tokenwise(tmp_path / "float.onnx", tmp_path / "int8.onnx")
