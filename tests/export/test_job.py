"""Every architecture from checkpoint to folder, run by the runtime and held against PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headgate.export.job import Request, export
from headgate.export.source import Asked
from headgate.models.errors import ConfigError, ExportRefused
from headgate.models.exported import read
from headgate.models.manifest import checked_files
from headgate.models.run_onnx import OnnxRuntime

from .checkpoints import CAUSAL, CLASSIFIERS, PICTURES, PREPARED
from .conftest import Folders

ROWS = 10
ASKED = Asked(rows=ROWS)
ANSWERS = Asked(rows=ROWS, answers=("safe", "unsafe", "no"))


def ids(lengths: tuple[int, ...]) -> list[list[int]]:
    rng = np.random.default_rng(1)
    return [[1, *rng.integers(4, 140, length).tolist(), 2] for length in lengths]


def by_pytorch(name: str, folder: Path, rows: list[list[int]]) -> np.ndarray:
    """Each row alone, without padding: what a padded batch in another runtime has to agree with."""
    import torch
    import transformers

    kinds = CLASSIFIERS | CAUSAL
    network = getattr(transformers, kinds[name][0]).from_pretrained(folder, dtype="float32").eval()
    with torch.inference_mode():
        made = [network(input_ids=torch.tensor([row])).logits[0] for row in rows]
    return np.array([one[-1].numpy() if name in CAUSAL else one.numpy() for one in made])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_text_classifier_answers_as_in_pytorch(name: str, checkpoints: Folders, tmp_path: Path) -> None:
    source = checkpoints(name)
    made = export(Request(model=str(source), to="onnx", out=tmp_path / "out", asked=ASKED))
    assert made.parity.flips == 0
    manifest = read(tmp_path / "out")
    checked_files(tmp_path / "out", manifest.files)
    assert set(manifest.files) == {"model.onnx", "tokenizer.json"}
    assert manifest.heads == ("fine", "rude", "cruel")
    assert manifest.licence == "apache-2.0"
    assert str(tmp_path) not in (tmp_path / "out" / "manifest.json").read_text()
    rows = ids((3, 40, 11))
    found = OnnxRuntime(tmp_path / "out" / "model.onnx").run(rows, [[0] * len(row) for row in rows])
    np.testing.assert_allclose(found, by_pytorch(name, source, rows), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("name", CAUSAL)
def test_a_decoder_answers_with_the_logits_of_its_first_token(name: str, checkpoints: Folders, tmp_path: Path) -> None:
    source = checkpoints(name)
    export(Request(model=str(source), to="onnx", out=tmp_path / "out", asked=ANSWERS))
    manifest = read(tmp_path / "out")
    assert manifest.export.task == "first_token"
    assert manifest.heads == tuple(manifest.export.answers) == ("safe", "unsafe", "no")
    rows = ids((5, 33, 18))
    found = OnnxRuntime(tmp_path / "out" / "model.onnx").run(rows, [[0] * len(row) for row in rows])
    wanted = by_pytorch(name, source, rows)[:, list(manifest.export.answers.values())]
    np.testing.assert_allclose(found, wanted, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("name", PICTURES)
def test_an_image_classifier_answers_as_in_pytorch(name: str, checkpoints: Folders, tmp_path: Path) -> None:
    import torch
    import transformers

    source = checkpoints(name)
    export(Request(model=str(source), to="onnx", out=tmp_path / "out", asked=ASKED))
    manifest = read(tmp_path / "out")
    pixels = manifest.export.pixels
    assert pixels is not None
    held = PREPARED[name]
    assert (pixels.height, pixels.width, pixels.std) == (32, 32, tuple(held["image_std"]))
    assert pixels.resample == {2: "bilinear", 3: "bicubic"}[held["resample"]]
    pictures = np.random.default_rng(2).normal(size=(3, 3, 32, 32)).astype(np.float32)
    found = OnnxRuntime(tmp_path / "out" / "model.onnx").feed({"pixel_values": pictures}, rows=3)
    network = getattr(transformers, PICTURES[name][0]).from_pretrained(source, dtype="float32").eval()
    with torch.inference_mode():
        wanted = network(pixel_values=torch.from_numpy(pictures)).logits.numpy()
    np.testing.assert_allclose(found, wanted, atol=2e-4, rtol=1e-3)


def test_what_differs_by_more_than_its_tolerance_is_refused_and_leaves_nothing(
    checkpoints: Folders, tmp_path: Path
) -> None:
    request = Request(
        model=str(checkpoints("bert")), to="onnx", out=tmp_path / "out", precision="int8", asked=ASKED, tolerance=1e-9
    )
    with pytest.raises(ExportRefused, match="--tolerance"):
        export(request)
    assert list(tmp_path.iterdir()) == []


def test_a_cpu_is_not_given_what_it_has_no_kernels_for(checkpoints: Folders, tmp_path: Path) -> None:
    request = Request(
        model=str(checkpoints("bert")), to="onnx", out=tmp_path / "out", precision="fp8", device="cpu", asked=ASKED
    )
    with pytest.raises(ConfigError, match="--device gpu"):
        export(request)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("precision", ["fp16", "bf16", "int8"])
def test_a_precision_is_compared_and_told(precision: str, checkpoints: Folders, tmp_path: Path) -> None:
    made = export(
        Request(
            model=str(checkpoints("deberta-v2")),
            to="onnx",
            out=tmp_path / "out",
            asked=ASKED,
            flips=0.2,
            precision=precision,  # type: ignore[arg-type]
        )
    )
    assert 0 < made.parity.worst < made.tolerance.logits
    assert made.parity.seen == ("rounded graph" if precision == "bf16" else "graph")
    assert read(tmp_path / "out").precision == precision
