"""Which classifiers judge and how they are put together, as a configuration says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from .errors import ConfigError
from .hashing.entry import HashListEntry
from .merge import Quorum, Rule

Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One classifier: a shipped model, a folder, or a published guard with where it runs."""

    use: Annotated[str, Meta(description="A shipped model, a folder of weights, or a guard of `headgate models list`.")]
    name: Annotated[str, Meta(description="What it is called in verdicts and in cascade; use where left out.")] = ""
    via: Annotated[
        Literal["onnx", "kserve", "openai"] | None,
        Meta(description="In this process, or a server: one of KServe v2 (Triton) or of OpenAI's protocol (vLLM)."),
    ] = None
    path: Annotated[str | None, Meta(description="Folder that `headgate export` wrote.")] = None
    url: Annotated[str | None, Meta(description="The server's URL; of OpenAI's protocol with its version path.")] = None
    model: Annotated[str | None, Meta(description="The model's name at the server.")] = None
    key: Annotated[str | None, Meta(description="The key that the server is shown.")] = None
    timeout: Annotated[float, Meta(ge=0.01, le=600, description="Seconds of one pass with its attempts.")] = 5.0
    retries: Annotated[int, Meta(ge=0, le=10, description="Further attempts where the server was not reached.")] = 1
    callers: Annotated[int, Meta(ge=1, le=1024, description="Passes at a time that the server is asked.")] = 16
    logprobs: Annotated[int, Meta(ge=0, le=100, description="Likeliest tokens asked for; 0: labels alone.")] = 20
    endpoint: Annotated[
        Literal["chat", "completions"] | None,
        Meta(description="The server applies its chat template, or is sent the rendered prompt."),
    ] = None
    labels: Annotated[
        dict[str, str],
        Meta(description="For images: the model's labels, or texts for SigLIP and CLIP, and the category of each."),
    ] = {}
    threshold: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(description="The probability that counts as half; the published one where left out."),
    ] = None

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or self.use

    def __repr__(self) -> str:
        return f"Entry(use={self.use!r}, name={self.name!r}, via={self.via!r})"  # a key is shown nowhere


class CascadeOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two classifiers by name, and the grey zone of the first that the second judges too."""

    first: str
    then: str
    between: Annotated[tuple[Share, ...], Meta(min_length=2, max_length=2)] = (0.2, 0.8)


class Judges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it. ConfigError, from `checked`, where the names do not fit together."""

    models: tuple[Entry, ...]
    combine: Rule = "max"
    cascade: CascadeOf | None = None
    known: tuple[HashListEntry, ...] = ()

    def checked(self) -> Judges:
        """The same; ConfigError names the field that is wrong and what to write."""
        if not self.models:
            raise ConfigError("models must name at least one classifier, such as {use: text}")
        check_names(self.models)
        if isinstance(self.combine, Quorum) and not 1 <= self.combine.quorum <= len(self.models):
            raise ConfigError(f"combine.quorum must be from 1 to the number of models ({len(self.models)})")
        if self.cascade is not None:
            _check_cascade(self.cascade, [entry.label for entry in self.models])
        return self


def check_names(entries: Sequence[Entry]) -> None:
    """ConfigError where two entries have one name."""
    twice = [label for label, count in Counter(entry.label for entry in entries).items() if count > 1]
    if twice:
        raise ConfigError(f"models: two are called {twice[0]!r}; give one of them a name")


def _check_cascade(cascade: CascadeOf, labels: Sequence[str]) -> None:
    for field, label in (("first", cascade.first), ("then", cascade.then)):
        if label not in labels:
            raise ConfigError(f"cascade.{field} must be one of the models: {', '.join(labels)}; got {label!r}")
    if cascade.first == cascade.then:
        raise ConfigError("cascade.first and cascade.then must be two models")
    low, high = cascade.between
    if low > high:
        raise ConfigError(f"cascade.between must be two numbers in order; got {low:g}, {high:g}")
