"""Qwen3Guard-Stream 0.6B, 4B and 8B: a risk level and a category at every token (arXiv 2510.14276).

A prompt is judged at its last token. An answer is flagged where two tokens that follow each other are: the debounce of
its report. Its code is the checkpoint's own, so the graph is one that its user exports, with these columns.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ..assessment import Assessed, Unjudged
from ..content import Direction, Part, direction_of
from .labels import Scores, assessed
from .odds import softmax
from .qwen3guard import COVERS, severities
from .spec import Card, Judged, TokenLevel
from .turns import turns

RISKS: Final = ("Safe", "Unsafe", "Controversial")
LABELS: Final = (
    "Violent", "Sexual", "Self-Harm", "Political", "PII", "Copyright", "Non-violent Illegal", "Unethical",
)  # fmt: skip
OF_PROMPTS: Final = (*LABELS, "Jailbreak")

COLUMNS: Final = (
    *(f"query {name}" for name in (*RISKS, *OF_PROMPTS)),
    *(f"response {name}" for name in (*RISKS, *LABELS)),
)
"""The heads for prompts, then those for answers."""

_RESPONSE: Final = len(RISKS) + len(OF_PROMPTS)


def text(part: Part) -> Judged | Unjudged:
    """The chat of Qwen3 without thoughts; the last token of a prompt's turn is judged, or every one of an answer."""
    said = turns(part)
    if isinstance(said, Unjudged):
        return said
    head = f"<|im_start|>user\n{said.prompt}"
    if said.answer is None:
        whole = f"{head}<|im_end|>"
        return Judged(text=whole, start=len(head), end=len(whole))
    head += "<|im_end|>\n<|im_start|>assistant\n"
    return Judged(text=head + said.answer, start=len(head), end=len(head) + len(said.answer))


def read(part: Part, logits: npt.NDArray[np.float32]) -> Assessed:
    """The level and category of the worst pair of tokens; of the last token for a prompt."""
    answers = direction_of(part.role) is Direction.OUTPUT
    first = _RESPONSE if answers else 0
    labels = LABELS if answers else OF_PROMPTS
    risks = np.array([softmax(row) for row in logits[:, first : first + len(RISKS)].tolist()])
    harmful = 1.0 - risks[:, 0]
    place = _worst(harmful) if answers else len(harmful) - 1
    levels: dict[str, float] = dict(zip(RISKS, risks[place].tolist(), strict=True))
    unsafe = float(harmful[place])
    start = first + len(RISKS)
    label = labels[int(logits[place, start : start + len(labels)].argmax())]
    scores = Scores(COVERS)
    scores.label("QW", label, unsafe)
    return assessed(part, scores, unsafe=unsafe, severity=severities(levels, [label]))


def _worst(harmful: npt.NDArray[np.float64]) -> int:
    """The place of the milder token of the worst pair."""
    if len(harmful) == 1:
        return 0
    pairs = np.minimum(harmful[:-1], harmful[1:])
    at = int(pairs.argmax())
    return at if harmful[at] <= harmful[at + 1] else at + 1


GUARD = TokenLevel(
    card=Card(
        name="qwen3guard-stream",
        checkpoint="Qwen/Qwen3Guard-Stream-0.6B",
        sizes="0.6B, 4B, 8B",
        licence="Apache-2.0",
        kinds=("text",),
        covers=COVERS,
        routes=("onnx",),
    ),
    columns=COLUMNS,
    text=text,
    read=read,
)
