"""Where a folder's model runs; light enough to be imported with the settings."""

from __future__ import annotations

from typing import Final

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a folder's model runs: here with so many threads, or behind a server that speaks KServe v2.

    `timeout` in seconds bounds one call of the server, which `callers` threads ask at once.
    """

    threads: int = 1
    url: str = ""
    token: str = ""
    timeout: float = 5.0
    callers: int = 16

    def __repr__(self) -> str:
        return f"Place(threads={self.threads}, url={self.url!r})"  # a token is shown nowhere


HERE: Final = Place()
