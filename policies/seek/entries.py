"""The file of a list: its entries, and the digest by which a policy names what it held."""

from __future__ import annotations

import hashlib


def entries_of(data: bytes) -> tuple[str, ...]:
    """The entries: one a line, blank lines and those that begin with # left out. UnicodeDecodeError where not UTF-8."""
    lines = (line.strip() for line in data.decode("utf-8-sig").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def digest_of(data: bytes) -> str:
    """16 hex digits of SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]
