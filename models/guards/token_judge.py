"""A guard with heads at every token, run in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from ..assessment import Assessment, Unjudged
from ..classifier import ask_ready
from ..content import Kind, Part, Text
from ..merge import worst
from ..normalise import views
from ..place import HERE, Place
from ..runtimes import Runtime
from .folder import Opened, columns, opened
from .labels import Scores, assessed
from .spec import TokenLevel
from .turns import MAX_CHARS, well_formed


class TokenJudge:
    """A classifier over a folder whose graph takes one row of token ids and gives [tokens, columns]."""

    def __init__(self, guard: TokenLevel, model: Opened, *, name: str, runtime: Runtime) -> None:
        self._guard = guard
        self._model = model
        self._name = name
        self._runtime = runtime
        self.local = runtime.local
        self.callers = runtime.callers
        self._tokenizer = model.tokenizer()
        self._columns = columns(model.manifest.heads, guard.columns, name=guard.card.name)

    @classmethod
    def load(cls, guard: TokenLevel, folder: Path, *, name: str = "", place: Place = HERE) -> TokenJudge:
        """The guard of a folder; ModelUnavailable where its columns are others."""
        model = opened(folder, task="classification", name=guard.card.name)
        return cls(guard, model, name=name or guard.card.name, runtime=model.runtime(place))

    @property
    def name(self) -> str:
        """The name of its entry."""
        return self._name

    @property
    def digest(self) -> str:
        """Weights, manifest and the adapter's version."""
        return f"{self._model.digest}.{self._guard.card.version}"

    @property
    def kinds(self) -> frozenset[Kind]:
        """Texts."""
        return frozenset(self._guard.card.kinds)

    @property
    def covers(self) -> frozenset[str]:
        """The categories that its heads can speak of."""
        return self._guard.card.covers

    def ready(self) -> None:
        """Raises NotJudged where the server that runs it is not ready, or serves another model."""
        ask_ready(self._runtime)

    def cost(self, part: Part) -> int:
        """About a token for every four characters."""
        return (len(part.text) + len(part.context)) // 4 + 16 if isinstance(part, Text) else 1

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part; raises InferenceFailed where the runtime does."""
        return [msgspec.structs.replace(self._one(part), model=self._name) for part in parts]

    def _one(self, part: Part) -> Assessment:
        if not isinstance(part, Text):
            return Unjudged(reason="unsupported_kind", detail="it reads texts")
        if not part.text.strip():
            return assessed(part, Scores(self._guard.card.covers), unsafe=0.0)
        if len(part.text) > MAX_CHARS:
            return Unjudged(reason="too_long", detail=f"more than {MAX_CHARS} characters")
        found = []
        for view in views(well_formed(part.text)):
            reading = msgspec.structs.replace(part, text=view.text)
            logits = self._logits(reading)
            if isinstance(logits, Unjudged):
                return logits
            found.append(self._guard.read(reading, logits))
        return worst(found)

    def _logits(self, part: Text) -> npt.NDArray[np.float32] | Unjudged:
        """The judged tokens' rows, the columns in the adapter's order."""
        judged = self._guard.text(part)
        if isinstance(judged, Unjudged):
            return judged
        encoding = self._tokenizer.encode(judged.text, add_special_tokens=False)
        longest = self._model.manifest.export.max_tokens
        if longest and len(encoding.ids) > longest:
            return Unjudged(reason="too_long", detail=f"more than {longest} tokens")
        ids = np.array([encoding.ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        rows = self._runtime.feed(feeds, rows=len(encoding.ids))
        places = [at for at, (begin, end) in enumerate(encoding.offsets) if end > judged.start and begin < judged.end]
        return rows[places or [len(rows) - 1]][:, self._columns]
