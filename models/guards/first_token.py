"""A generative guard as a graph: one pass over the prompt, and the odds of the words its answer may start with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..classifier import ask_ready
from ..errors import InferenceFailed, ModelUnavailable, NotJudged
from ..place import HERE, Place
from ..runtimes import Runtime
from .asking import Ask, Reply
from .folder import Opened, opened
from .odds import softmax


class FirstToken:
    """A first-token graph (prefill, last position, logits of some words) with its tokenizer, behind `answer`.

    `words` are the choices of the guard; ModelUnavailable where the graph was exported for others.
    """

    def __init__(self, model: Opened, runtime: Runtime, *, words: Sequence[str], name: str) -> None:
        self.local = runtime.local
        self.callers = runtime.callers
        self._tokenizer = model.tokenizer()
        self._runtime = runtime
        self._longest = model.manifest.export.max_tokens
        self.digest = model.digest
        columns = {word.strip(): place for place, word in enumerate(model.manifest.export.answers)}
        words = [word.strip() for word in words]
        missing = [word for word in words if word not in columns]
        if missing:
            raise ModelUnavailable(f"{model.folder} has no column for {', '.join(missing)}: export it for {name}")
        self._columns = {word: columns[word] for word in words}

    @classmethod
    def load(cls, folder: Path, *, words: Sequence[str], name: str, place: Place = HERE) -> FirstToken:
        """The graph of an exported folder."""
        model = opened(folder, task="first_token", name=name)
        return cls(model, model.runtime(place), words=words, name=name)

    def ready(self) -> None:
        """Raises NotJudged where the server that runs it is not ready, or serves another model."""
        ask_ready(self._runtime)

    def answer(self, asks: Sequence[Ask]) -> list[Reply | NotJudged]:
        """The odds for each ask, one row at a time: prompts of several hundred tokens gain nothing from company."""
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Reply | NotJudged:
        ids = self._tokenizer.encode(ask.bos + ask.prompt, add_special_tokens=False).ids
        if self._longest and len(ids) > self._longest:
            return InferenceFailed(f"the prompt is longer than the graph's {self._longest} tokens")
        try:
            logits = self._runtime.run([ids], [[0] * len(ids)])[0]
        except NotJudged as error:
            return error
        found = softmax([float(logits[column]) for column in self._columns.values()])
        return Reply(odds=dict(zip(self._columns, found, strict=True)))
