"""Remembers what was judged, so that a long conversation costs its newest turn only.

The key is the part's keyed digest with the model's; never the policy, which may change without a new judgement.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

from ..models.assessment import Assessed


class Memo:
    """The newest `size` assessments, in memory; safe from several threads. Only judgements are kept, never failures."""

    shared = False
    """Whether others remember for it too: then `fetch` asks them."""

    def __init__(self, *, size: int = 50_000) -> None:
        self._size = size
        self._kept: OrderedDict[str, Assessed] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def get(self, key: str) -> Assessed | None:
        """The assessment of this key, if it is still kept."""
        return self.find((key,)).get(key)

    def find(self, keys: Collection[str]) -> dict[str, Assessed]:
        """Those of the keys that are still kept, with their assessments; the same key twice is looked up once."""
        kept, found = self._kept, {}
        with self._lock:
            for key in keys:
                if key not in found and (known := kept.get(key)) is not None:
                    found[key] = known
                    kept.move_to_end(key)
        hits = len(found)
        self.hits += hits
        self.misses += (len(keys) if hits == len(keys) else len(set(keys))) - hits
        return found

    def put(self, key: str, assessment: Assessed) -> None:
        """Keeps an assessment, and lets the one unused for longest go where there are too many."""
        self.put_all({key: assessment})

    def put_all(self, found: Mapping[str, Assessed]) -> None:
        """Keeps several at once."""
        if self._size <= 0:
            return
        kept = self._kept
        with self._lock:
            for key, assessment in found.items():
                kept[key] = assessment
                kept.move_to_end(key)
            while len(kept) > self._size:
                kept.popitem(last=False)

    def has(self, key: str) -> bool:
        """Whether it is kept; neither a hit nor a miss."""
        with self._lock:
            return key in self._kept

    async def fetch(self, keys: Sequence[str]) -> None:
        """Brings in what others remember of these; a memo that is not shared has nobody to ask."""

    def __len__(self) -> int:
        return len(self._kept)
