"""Keeps the collector and the classifiers' threads from stopping the event loop.

Python's collector looks at every container that is alive. A gateway that has loaded its models holds hundreds of
thousands that live as long as it does: one look at them all takes tens of milliseconds, in which nobody is served. And
a thread that computes in Python lets others go on only so often, by default every five milliseconds.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG: Final = 10_000
"""Containers made and not freed before the young are looked at, which takes under a millisecond."""
MIDDLE: Final = 20
OLD: Final = 20
SWITCH: Final = 0.001
"""Seconds after which a thread that computes lets the event loop go on."""


@contextmanager
def held() -> Iterator[None]:
    """While everything is loaded nothing is looked at, as next to none of it is ever freed; `settle` ends that too."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settle() -> None:
    """Call it once, when everything is loaded: what is alive now is never looked at again."""
    sys.setswitchinterval(SWITCH)
    # Not after a collection: that takes longer than what imports leave behind is worth, about a thousand objects.
    gc.freeze()
    gc.enable()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
