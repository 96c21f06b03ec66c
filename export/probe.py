"""What an export is compared and calibrated with: rows of Headgate's own, a person's file, or made-up pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ..models.content import Part, Purpose, Role, Text
from ..models.errors import ConfigError

ROWS = 96
"""Rows of a comparison unless a file says otherwise."""

_OWN = Path(__file__).parents[1] / "models" / "train" / "data" / "own"
_EDGES = (
    "?",
    "Hello",
    "¿Qué hora es? 今何時ですか。 Который час?",
    "def f(x):\n\treturn {k: v for k, v in x.items()}  # 🙂",
    "The quick brown fox jumps over the lazy dog. " * 12,
    "0123456789 " * 40,
)


class Row(msgspec.Struct, frozen=True):
    """A prompt, or an answer in the light of its prompt, or a post: whichever is there."""

    prompt: str | None = None
    response: str | None = None
    text: str | None = None
    purpose: str | None = None


def rows(path: Path | None = None, *, count: int = ROWS) -> list[Row]:
    """The rows of a JSONL file (`prompt`, `response`, `text`), or some of Headgate's own, evenly drawn.

    Raises ConfigError naming the line that cannot be read.
    """
    if path is not None:
        return list(_read(path))
    own = [row for file in sorted(_OWN.glob("*.jsonl")) for row in _read(file)]
    chosen = [own[at * len(own) // count] for at in range(count)] if own else []
    return [*(Row(text=text) for text in _EDGES), *chosen]


def parts(found: Sequence[Row]) -> list[Part]:
    """The rows as parts of a conversation, each at a path of its own."""
    return [_part(row, f"rows[{number}]") for number, row in enumerate(found)]


def texts(found: Sequence[Row]) -> list[str]:
    """The rows as single texts, a prompt and its answer on two lines."""
    return ["\n".join(word for word in (row.prompt, row.response, row.text) if word) for row in found]


def pictures(count: int, *, height: int, width: int, seed: int = 5) -> np.ndarray:
    """Float32 [count, 3, height, width] of soft random blobs, edges and noise, about -1 to 1."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(count, 3, 4, 4)).repeat(-(-height // 4), axis=2).repeat(-(-width // 4), axis=3)
    fine = rng.normal(scale=rng.uniform(0.05, 0.6, size=(count, 1, 1, 1)), size=(count, 3, height, width))
    return np.tanh(coarse[:, :, :height, :width] + fine).astype(np.float32)


def _part(row: Row, path: str) -> Text:
    if row.response is not None:
        return Text(text=row.response, role=Role.ASSISTANT, context=row.prompt or "", path=path)
    if row.prompt is not None:
        purpose: Purpose = "t2i" if row.purpose == "t2i" else "t2v" if row.purpose == "t2v" else "chat"
        return Text(text=row.prompt, role=Role.USER, purpose=purpose, path=path)
    return Text(text=row.text or "", role=Role.DOCUMENT, path=path)


def _read(path: Path) -> Iterator[Row]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            held: Any = json.loads(line)
            row = msgspec.convert(held, Row)
        except (ValueError, msgspec.ValidationError) as error:
            raise ConfigError(f"{path}:{number}: want an object with prompt, response or text: {error}") from error
        if row.prompt or row.response or row.text:
            yield row
