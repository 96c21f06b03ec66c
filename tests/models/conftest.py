"""A tiny text model on disk: an embedding, a masked mean and one linear layer, with predictable weights."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from headgate.models.manifest import sha256
from headgate.models.taxonomy import SLUGS

HEADS = ("unsafe", "severity_1", "severity_2", "severity_3", "sensitive", "refusal", *SLUGS)
WORDS = ("alarm", "flood", "sorry", "tired", "the", "cat", "sat", "on", "mat", "story", "long", "and", "of")
WIDTH = 8
BIAS = -4.0


def vocabulary() -> dict[str, int]:
    tokens = ["[PAD]", *(f"[unused{number}]" for number in range(1, 8)), "[UNK]", "[CLS]", "[SEP]", *WORDS]
    return {token: index for index, token in enumerate(tokens)}


def write_graph(path: Path, *, tokens: int, noise: float = 0.0) -> None:
    """`alarm` is unsafe, severe, violent and an attack; `flood` mild; `sorry` a refusal; `tired` sensitive."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    ids = vocabulary()
    rng = np.random.default_rng(0)
    embedding = (rng.normal(size=(tokens, WIDTH)) * noise).astype(np.float32)
    for dimension, word in enumerate(("alarm", "flood", "sorry", "tired")):
        embedding[ids[word], dimension] = 400.0
    head = (rng.normal(size=(WIDTH, len(HEADS))) * noise).astype(np.float32)
    loud = ("unsafe", "severity_1", "severity_2", "severity_3", "violence", "prompt_attack")
    for names, dimension in (
        (loud, 0),
        (("unsafe", "severity_1", "insult"), 1),
        (("refusal",), 2),
        (("sensitive",), 3),
    ):
        for name in names:
            head[dimension, HEADS.index(name)] = 5.0
    constants = {
        "embedding": embedding,
        "head": head,
        "bias": np.full(len(HEADS), BIAS, dtype=np.float32),
        "last": np.array([-1]),
        "one": np.array([1]),
    }
    nodes = [
        helper.make_node("Gather", ["embedding", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["kept"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["kept", "last"], ["mask"]),
        helper.make_node("Mul", ["words", "mask"], ["masked"]),
        helper.make_node("ReduceSum", ["masked", "one"], ["sum"], keepdims=0),
        helper.make_node("ReduceSum", ["kept", "one"], ["count"], keepdims=1),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Gemm", ["mean", "head", "bias"], ["logits"]),
    ]
    shape = ["batch", "sequence"]
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in names]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(HEADS)])
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, str(path))


def write_tokenizer(path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel(vocabulary(), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.save(str(path))


def write_manifest(folder: Path, **changes: Any) -> None:
    files = {
        name: {"sha256": sha256(folder / name), "bytes": (folder / name).stat().st_size}
        for name in ("model.onnx", "tokenizer.json")
    }
    manifest = {
        "format": 1, "name": "tiny", "version": "0.0.1", "modality": "text", "architecture": "mean",
        "licence": "CC0-1.0", "precision": "float32", "files": files, "window": 32, "overlap": 4,
        "prompt_tokens": 8, "markers": {"chat": 1, "pair": 2, "text": 3, "t2i": 4, "t2v": 5}, "heads": HEADS,
        "covers": ["violence", "insult", "prompt_attack"], "calibration": {"unsafe": {"scale": 1.0, "bias": 0.0}},
        "threshold": {"unsafe": 0.5},
        "false_alarm": {"unsafe": {"0.001": 0.9, "0.01": 0.7, "0.1": 0.3}},
    } | changes  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))


def write_model(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_graph(folder / "model.onnx", tokens=len(vocabulary()))
    write_tokenizer(folder / "tokenizer.json")
    write_manifest(folder, **changes)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's folder; not to be written to."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    return write_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def own_tiny(tmp_path: Path) -> Path:
    """A tiny model's folder of the test's own."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    return write_model(tmp_path / "tiny")
