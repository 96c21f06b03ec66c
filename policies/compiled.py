"""A policy that can be run: frozen values only, with every default filled in."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ..models.content import Kind
from .schema import BlockStyle, Hold, Mode, OnError, Strategy
from .thresholds import ThresholdPlan
from .verdict import Action

ActionRow: TypeAlias = tuple[Action, Action, Action, Action]
"""The actions of severities 0 to 3; that of severity 0 is always allow."""

RuleRow: TypeAlias = tuple[str, str, str, str]
"""The name of the line that decides each action of an ActionRow."""


class Regenerate(msgspec.Struct, frozen=True, kw_only=True):
    """How a rejected answer is made again; `seconds` and `tokens` bound all rounds together, None is no bound."""

    rounds: int
    strategy: Strategy
    tighten: bool
    seconds: float | None
    tokens: int | None
    least_severe: bool
    n: int


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What is held back of a stream until it is judged; `max_exposed_chars` may leave before."""

    hold: Hold
    max_exposed_chars: int


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """Upper bounds of what a caller may ask of the sampler (None: no bound), what is dropped, and what is prepended."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    n: int | None
    max_tokens: int | None
    drop: tuple[str, ...]
    system: str | None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What a person sees instead of blocked content; None is the built-in text."""

    style: BlockStyle
    message: str | None
    support: str | None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores that a case pretends; `severity` is 0..3 or None (not assessed)."""

    unsafe: float = 0.0
    severity: int | None = None
    categories: dict[str, float] = {}
    sensitive: float | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A test of the policy: what is judged, in which direction, and the action expected."""

    prompt: str
    response: str | None
    expect: Action
    direction: str
    scores: Scores | None
    note: str = ""


class CompiledPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A checked policy, made by `compile` alone.

    `matrix` and `rules` are total over direction, slug and severity 0..3. `hash` is that of the effective policy
    without cases, so that comments, layout and tests do not change it. `origins` maps a rule to its FILE:LINE.
    """

    name: str
    hash: str
    mode: Mode
    matrix: dict[str, dict[str, ActionRow]]
    rules: dict[str, dict[str, RuleRow]]
    thresholds: ThresholdPlan
    on_unjudged: dict[Kind, Action]
    on_error: OnError
    regenerate: Regenerate
    stream: Stream
    sampling: Sampling
    block: Block
    guidelines: dict[str, str]
    cases: tuple[Case, ...]
    origins: dict[str, str]
    document: dict[str, object]
