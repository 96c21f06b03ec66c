"""A model repository for NVIDIA's Triton server: one folder a model, its config.pbtxt and its first version."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..models.errors import ConfigError
from ..models.exported import Axes
from .source import Subject
from .tensorrt import Buckets

REPOSITORY = "repository"
VERSION = "1"
DELAY_MICROSECONDS = 500
"""How long a request waits for others to share its batch: a tenth of what a small encoder takes on a GPU."""

_TYPES = {"int64": "TYPE_INT64", "float32": "TYPE_FP32"}
_PLATFORMS = {"model.onnx": "onnxruntime_onnx", "model.plan": "tensorrt_plan"}


def write(folder: Path, graph: str, subject: Subject, *, buckets: Buckets) -> str:
    """Move the graph of a folder into `repository/NAME/1` and configure it; returns its new path in the folder.

    `tritonserver --model-repository FOLDER/repository` serves it. Raises ConfigError for a name that no URL can hold.
    """
    if not subject.name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigError(f"{subject.name!r} is no name for a served model; rename the folder")
    place = folder / REPOSITORY / subject.name / VERSION
    place.mkdir(parents=True)
    for path in sorted(folder.glob(f"{graph}*")):
        path.rename(place / path.name)
    (place.parent / "config.pbtxt").write_text(config(graph, subject, buckets=buckets), encoding="utf-8")
    return (place / graph).relative_to(folder).as_posix()


def config(graph: str, subject: Subject, *, buckets: Buckets) -> str:
    """The text of config.pbtxt: rows of equal length are joined by the server, the newest version alone is served."""
    preferred = sorted(batch for batch in set(buckets.batches) if batch > 1)
    lines = [
        f'name: "{subject.name}"',
        f'platform: "{_PLATFORMS[graph]}"',
        f"max_batch_size: {max(buckets.batches)}",
        *_tensors("input", subject.inputs),
        *_tensors("output", (subject.output,)),
        "dynamic_batching {",
        *([f"  preferred_batch_size: [ {', '.join(map(str, preferred))} ]"] if preferred else []),
        f"  max_queue_delay_microseconds: {DELAY_MICROSECONDS}",
        "}",
        "version_policy { latest { num_versions: 1 } }",
        f"instance_group [ {{ count: 1 kind: {'KIND_GPU' if graph == 'model.plan' else 'KIND_AUTO'} }} ]",
        "parameters {",
        '  key: "headgate_source"',
        f'  value {{ string_value: "{subject.source}" }}',
        "}",
    ]
    return "\n".join(lines) + "\n"


def _tensors(word: str, tensors: Iterable[Axes]) -> list[str]:
    # The batch is Triton's own axis and is left out; -1 is any size.
    rows = []
    for axes in tensors:
        sizes = ", ".join(str(-1 if isinstance(size, str) else size) for size in axes.shape[1:])
        rows.append(f'  {{ name: "{axes.name}" data_type: {_TYPES[axes.dtype]} dims: [ {sizes} ] }}')
    return [f"{word} [", ",\n".join(rows), "]"]
