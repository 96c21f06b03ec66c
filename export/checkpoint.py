"""A Hugging Face checkpoint as something to export: its labels, tokenizer and sizes, and the network itself."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..models.errors import ConfigError, ModelUnavailable
from ..models.exported import Activation, Axes, Export, Task, Tolerance
from ..models.feeds import padded
from ..policies import load_policy
from ..policies.thresholds import nominal
from . import probe
from .onnx import Feeds, Run, run_network, write
from .parity import Judgement, decisions
from .pixels import pixels
from .source import Asked, Subject
from .spec import Precision, Spec, spec_of
from .tokens import Tokens

BATCH = 8
"""Probe rows of one call, of all lengths, so that padding is compared as well."""

_TASKS: Mapping[str, Task] = {
    "ForSequenceClassification": "classification",
    "ForImageClassification": "classification",
    "ForCausalLM": "first_token",
}


def fetch(name: str, *, revision: str | None) -> Path:
    """The local folder of a checkpoint on the Hugging Face hub; ModelUnavailable where it cannot be had."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise ModelUnavailable("huggingface_hub is not installed: pip install 'headgate[export]'") from error
    kept = ["*.json", "*.safetensors", "*.model", "*.txt", "README.md", "LICENSE*"]
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=kept))
    except Exception as error:  # the hub's, requests' and the disk's errors share no base but Exception
        raise ModelUnavailable(
            f"{name}: cannot be fetched from the Hugging Face hub ({type(error).__name__}); check the name, "
            "the network and, for a gated model, HF_TOKEN, or give a local folder"
        ) from error


class Checkpoint:
    """A folder with config.json and weights; the network is loaded once, in float32."""

    def __init__(self, folder: Path, asked: Asked, *, source: str) -> None:
        self._asked = asked
        self._config = _config(folder)
        self._spec = spec_of(str(self._config.model_type))
        self._task: Task = _task(self._config, self._spec)
        self._tokens = Tokens.open(folder, self._config) if self._spec.modality == "text" else None
        answers = self._tokens.answers(asked.answers) if self._tokens and self._task == "first_token" else {}
        self._model = _model(folder, self._config)
        self._network = _network(self._model, self._task, self._spec, answers)
        self._threshold = nominal(load_policy(asked.policy).thresholds).default
        self.subject = self._subject(folder, source, answers)
        self._feeds = self._batches()

    @classmethod
    def open(cls, folder: Path, asked: Asked, *, source: str) -> Checkpoint:
        """The checkpoint of a folder.

        Raises ConfigError where its architecture cannot be exported, and ModelUnavailable where it cannot be loaded.
        """
        try:
            import torch  # noqa: F401
            import transformers  # noqa: F401
        except ImportError as error:
            raise ModelUnavailable(f"{error.name} is not installed: pip install 'headgate[export]'") from error
        return cls(folder, asked, source=source)

    def tolerance(self, precision: Precision) -> Tolerance:
        """As the architecture declares."""
        return self._spec.tolerance(precision)

    def original(self) -> Run:
        """The network in PyTorch."""
        return run_network(self._network, self.subject.inputs)

    def write(self, path: Path) -> None:
        """Trace the network over two probe rows of unequal length."""
        write(self._network, path, inputs=self.subject.inputs, sample=_sample(self._feeds[-1]))

    def judge(self, run: Run) -> Judgement:
        """Logits of every probe row, and the labels that reach the policy's threshold."""
        logits = np.concatenate([run(feeds) for feeds in self._feeds])
        made = decisions(
            logits, labels=self.subject.heads, activation=self.subject.activation, threshold=self._threshold
        )
        return Judgement(logits, made)

    def feeds(self) -> Sequence[Feeds]:
        """The probe rows, in batches of unequal lengths."""
        return self._feeds

    def beside(self, folder: Path) -> None:
        """The tokenizer of a text model, without truncation and padding."""
        if self._tokens is not None:
            self._tokens.write(folder / "tokenizer.json")

    def shipped(self, precision: Precision) -> Path | None:
        """None: a checkpoint holds weights alone."""
        return None

    def card(self, export: Export, precision: Precision) -> dict[str, Any]:
        """The manifest: labels in order, calibration still to be measured, and the export's block."""
        subject = self.subject
        return {
            "format": 1, "name": subject.name, "version": subject.version, "modality": subject.modality,
            "architecture": subject.architecture, "licence": subject.licence, "precision": precision,
            "heads": subject.heads, "calibration": {head: {"scale": 1.0, "bias": 0.0} for head in subject.heads},
            "base": subject.source, "export": export,
        }  # fmt: skip

    def _subject(self, folder: Path, source: str, answers: dict[str, int]) -> Subject:
        frame = pixels(folder, self._config) if self._spec.modality == "image" else None
        heads = tuple(answers) or _labels(self._config)
        held = self._spec.axes(frame.height, frame.width) if frame else self._spec.axes()
        return Subject(
            name=re.sub(r"[^\w.-]", "-", source.split("/")[-1]),
            version=self._asked.revision or "1",
            architecture=str(self._config.model_type),
            licence=_licence(folder),
            modality=self._spec.modality,
            task=self._task,
            source=source,
            against="the checkpoint in PyTorch, float32",
            heads=heads,
            activation=self._asked.activation or _activation(self._config, self._task),
            inputs=held,
            output=Axes(name="logits", dtype="float32", shape=("batch", len(heads))),
            max_tokens=self._tokens.longest if self._tokens else 0,
            pad_id=self._tokens.pad_id if self._tokens else 0,
            answers=answers,
            pixels=frame,
        )

    def _batches(self) -> list[Feeds]:
        if self._tokens is None:
            shape = self.subject.inputs[0].shape
            made = probe.pictures(self._asked.rows, height=int(shape[2]), width=int(shape[3]))
            return [{"pixel_values": made[at : at + BATCH]} for at in range(0, len(made), BATCH)]
        encoded = self._tokens.encode(probe.texts(probe.rows(self._asked.probe, count=self._asked.rows)))
        batches = [encoded[at : at + BATCH] for at in range(0, len(encoded), BATCH)]
        return [
            padded([row.ids for row in batch], [row.types for row in batch], pad_id=self._tokens.pad_id)
            for batch in batches
        ]


def _config(folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{folder / 'config.json'}: transformers cannot read it: {error}") from error


def _task(config: Any, spec: Spec) -> Task:
    name = next(iter(config.architectures or ()), "")
    task = next((task for ending, task in _TASKS.items() if name.endswith(ending)), None)
    if task is None or task not in spec.tasks:
        raise ConfigError(
            f"config.json: architectures is {name or 'missing'}; of {spec.model_type} a checkpoint "
            f"for {' or '.join(spec.tasks)} can be exported"
        )
    return task


def _model(folder: Path, config: Any) -> Any:
    import transformers

    kind = getattr(transformers, config.architectures[0])
    try:
        model = kind.from_pretrained(
            folder, local_files_only=True, dtype="float32", attn_implementation="eager", low_cpu_mem_usage=True
        )
    except (OSError, ValueError, RuntimeError, TypeError) as error:
        raise ModelUnavailable(f"{folder}: transformers cannot load the weights: {error}") from error
    return model.eval()


def _network(model: Any, task: Task, spec: Spec, answers: Mapping[str, int]) -> Any:
    from .graphs import Classification, LastToken

    if task == "first_token":
        return LastToken(model, ids=tuple(answers.values())).eval()
    if "first_token" in spec.tasks:
        return LastToken(model).eval()
    return Classification(model, [axes.name for axes in spec.axes()]).eval()


def _labels(config: Any) -> tuple[str, ...]:
    return tuple(str(config.id2label[at]) for at in range(int(config.num_labels)))


def _activation(config: Any, task: Task) -> Activation:
    if task == "classification" and (config.problem_type == "multi_label_classification" or config.num_labels == 1):
        return "sigmoid"
    return "softmax"


def _licence(folder: Path) -> str:
    card = folder / "README.md"
    found = re.search(r"^licen[cs]e:\s*(\S+)", card.read_text("utf-8"), re.MULTILINE) if card.is_file() else None
    return found[1] if found else "unknown"


def _sample(feeds: Feeds) -> dict[str, np.ndarray]:
    return {name: array[:2] for name, array in feeds.items()}
