"""The embedded text model as something to export: it is its own original, and a policy decides on its probe rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..models.assessment import Assessment
from ..models.content import Part, direction_of, kind_of
from ..models.encoding import PairEncoder
from ..models.exported import Axes, Export, Tolerance
from ..models.feeds import padded
from ..models.manifest import Weights, verify
from ..models.text import TextClassifier
from ..policies import CompiledPolicy, load_policy, resolve_thresholds
from ..policies.decide import Judged, decide
from ..policies.thresholds import table_of
from . import probe, write
from .onnx import Feeds, Logits, Run, run_graph
from .parity import Judgement
from .passes import graph
from .passes.plain import plain
from .source import Asked, Subject
from .spec import TOLERANCES, Precision

INPUTS = ("input_ids", "attention_mask", "token_type_ids")

# Its original rounds activations to int8 and the plain graph does not, so even float32 differs by that rounding: of 406
# rows, logits by 0.84 and 6 decisions; against float32 itself fp16 differs by 0.011, bf16 by 0.14, static int8 by 1.1.
ROUNDED: dict[Precision, Tolerance] = {
    "fp32": Tolerance(logits=1.25, flips=0.03),
    "fp16": Tolerance(logits=1.25, flips=0.03),
    "bf16": Tolerance(logits=1.25, flips=0.03),
    "int8": Tolerance(logits=2.0, flips=0.05),
    "fp8": Tolerance(logits=2.0, flips=0.05),
}


class Embedded:
    """A folder of the embedded model's kind, whose files have the sha256 of its manifest."""

    def __init__(self, weights: Weights, asked: Asked) -> None:
        manifest = weights.manifest
        self._weights = weights
        self._policy: CompiledPolicy = load_policy(asked.policy)
        self._thresholds = resolve_thresholds(self._policy, table_of(manifest))
        self._parts = probe.parts(probe.rows(asked.probe, count=asked.rows))
        tokenizer = Tokenizer.from_file(str(weights.file("tokenizer.json")))
        self._encoder = PairEncoder(
            tokenizer,
            markers=manifest.markers,
            window=manifest.window,
            overlap=manifest.overlap,
            prompt_tokens=manifest.prompt_tokens,
        )
        self._exact = any(node.domain for node in self._graph().graph.node)
        self.subject = Subject(
            name=manifest.name,
            version=manifest.version,
            architecture=manifest.architecture,
            licence=manifest.licence,
            modality=manifest.modality,
            task="classification",
            source=f"{manifest.name}@{weights.digest}",
            against="the model itself in onnxruntime",
            heads=manifest.heads,
            activation="sigmoid",
            inputs=tuple(Axes(name=name, dtype="int64", shape=("batch", "sequence")) for name in INPUTS),
            output=Axes(name="logits", dtype="float32", shape=("batch", len(manifest.heads))),
            max_tokens=manifest.window,
        )

    @classmethod
    def open(cls, folder: Path, asked: Asked) -> Embedded:
        """The verified model of a folder, with the policy that decides on its probe rows."""
        return cls(verify(folder), asked)

    def tolerance(self, precision: Precision) -> Tolerance:
        """Wider where the original itself is rounded."""
        return (ROUNDED if self._exact else TOLERANCES)[precision]

    def original(self) -> Run:
        """The shipped graph in onnxruntime."""
        return run_graph(self._weights.file("model.onnx"))

    def write(self, path: Path) -> None:
        """The shipped graph in ONNX's own operators."""
        graph.save(plain(self._graph()), path)

    def judge(self, run: Run) -> Judgement:
        """Logits of every window, and the policy's decision on every part."""
        heard = _Heard(run)
        classifier = TextClassifier(self._weights, encoder=self._encoder, runtime=heard)
        found = classifier.assess(self._parts)
        logits = np.array([heard.logits[key] for key in sorted(heard.logits)])
        return Judgement(logits, tuple(map(self._decision, self._parts, found)))

    def feeds(self) -> Sequence[Feeds]:
        """The windows of the probe rows, batched as they are judged."""
        heard = _Heard(self.original())
        TextClassifier(self._weights, encoder=self._encoder, runtime=heard).assess(self._parts)
        return heard.feeds

    def beside(self, folder: Path) -> None:
        """The tokenizer, and the card where there is one."""
        write.copy(self._weights.file("tokenizer.json"), folder)
        if self._weights.file("card.md").is_file():
            write.copy(self._weights.file("card.md"), folder)

    def card(self, export: Export, precision: Precision) -> dict[str, Any]:
        """The model's own manifest with the export's block, so that it loads wherever the model does."""
        held: dict[str, Any] = msgspec.to_builtins(self._weights.manifest)
        return held | {"precision": precision, "export": msgspec.to_builtins(export)}

    def shipped(self, precision: Precision) -> Path | None:
        """The graph as it ships, where that is what was asked for."""
        return self._weights.file("model.onnx") if precision == self._weights.manifest.precision else None

    def _graph(self) -> Any:
        return graph.load(self._weights.file("model.onnx"))

    def _decision(self, part: Part, found: Assessment) -> str:
        judged = Judged(part=part.path, direction=direction_of(part.role), kind=kind_of(part), assessment=found)
        made = decide(self._policy, [judged], thresholds=self._thresholds)
        return str(made.action.value)


class _Heard:
    """A runtime that keeps what it was asked and what it answered."""

    joins = True
    local = True
    callers = 1

    def __init__(self, run: Run) -> None:
        self._run = run
        self.logits: dict[tuple[tuple[int, ...], tuple[int, ...]], Logits] = {}
        self.feeds: list[Feeds] = []

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The graph's logits of rows padded to the longest."""
        feeds = padded(input_ids, type_ids)
        found = self._run(feeds)
        self.feeds.append(feeds)
        self.logits.update(zip(zip(map(tuple, input_ids), map(tuple, type_ids), strict=True), found, strict=True))
        return found

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The graph's logits, which nobody asks for by name here."""
        return self._run(feeds)
