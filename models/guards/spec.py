"""What an adapter declares: a card for people, and how the guard is asked and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from ..assessment import Assessed, Unjudged
from ..content import Kind, Part
from .asking import Ask, Reply

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Route: TypeAlias = Literal["onnx", "openai"]
"""In this process from a folder, or a server that speaks OpenAI's protocol."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to know before choosing a guard; `sizes` are checkpoints, `routes` the ways to run it."""

    name: str
    checkpoint: str
    sizes: str
    licence: str
    kinds: tuple[Kind, ...]
    covers: frozenset[str]
    routes: tuple[Route, ...]
    judges: Literal["prompts", "answers", "both", "images"] = "both"
    version: int = 1


def _nothing_aside(part: Part) -> Unjudged | None:
    return None


def _nothing_before(part: Part) -> str:
    return ""


class Generative(msgspec.Struct, frozen=True, kw_only=True):
    """A guard that writes its judgement; `asks` makes its passes, `read` turns their replies into scores.

    `read` raises Unparsable where a reply is none of the published forms. `chat` says which endpoint is asked unless
    the configuration names one, `rendered` that the prompt is known here and needs no chat template of a server.
    `words` are what a first token in this process is read for, with the space before them; `in_process` are the
    categories that it tells of.
    """

    card: Card
    asks: Callable[[Part], tuple[Ask, ...] | Unjudged]
    read: Callable[[Part, Sequence[Ask], Sequence[Reply]], Assessed]
    chat: bool = True
    rendered: bool = False
    words: tuple[str, ...] = ()
    in_process: frozenset[str] = frozenset()


class Encoder(msgspec.Struct, frozen=True, kw_only=True):
    """A guard with a classification head, read in one pass over windows of a text; the worst window counts.

    `labels` are the checkpoint's, in order. `aside` says why a part is not for it; `before` and `after` stand around
    the text. `read` turns one probability a label into scores. `threshold` is the published operating point, moved to
    0.5. `joins`: rows of different lengths may share a batch.
    """

    card: Card
    labels: tuple[str, ...]
    activation: Literal["sigmoid", "softmax"]
    read: Callable[[Part, Mapping[str, float]], Assessed]
    aside: Callable[[Part], Unjudged | None] = _nothing_aside
    before: Callable[[Part], str] = _nothing_before
    after: str = ""
    window: int = 512
    threshold: float = 0.5
    joins: bool = True


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered text, and the characters [start, end) whose tokens are judged."""

    text: str
    start: int
    end: int


class TokenLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A guard with heads at every token: `text` renders a part, `read` takes [tokens, columns] of logits.

    `columns` are the graph's, in order; `text` names the characters whose tokens are judged.
    """

    card: Card
    columns: tuple[str, ...]
    text: Callable[[Part], Judged | Unjudged]
    read: Callable[[Part, npt.NDArray[np.float32]], Assessed]


Adapter: TypeAlias = Generative | Encoder | TokenLevel
