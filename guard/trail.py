"""The file of an audit trail: sealed lines appended by any number of processes, rotated when it has grown."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from pathlib import Path
from typing import Final

from ..models.errors import ConfigError
from .audit import GENESIS, Link, dropping, link_of, sealed

_TAIL: Final = 64 * 1024
_LINK: Final = 160
"""Bytes that a seal adds to a line, at most."""


class Trail:
    """Appends sealed lines to a file, or to stderr (`"-"`); not safe from several threads at once.

    Processes that share a file take turns, so that one chain runs through all their lines. From `max_bytes` on (0:
    never) the file becomes FILE.1, FILE.2 and so on, and the chain goes on in a new one; beyond `keep` (0: all) the
    oldest are deleted, and a line says so. Raises ConfigError where the file cannot be opened.
    """

    def __init__(self, target: Path | str, *, key: bytes | None, max_bytes: int = 0, keep: int = 0) -> None:
        self._path = None if target == "-" else Path(target)
        self._key = key
        self._max_bytes = max_bytes
        self._keep = keep
        self._next, self._last, self._end = 0, GENESIS, -1
        try:
            self._fd = sys.stderr.fileno() if self._path is None else _open(self._path)
        except OSError as error:
            raise ConfigError(f"cannot write audit records to {target}: {error.strerror}") from error
        self._shared = self._path is not None and stat.S_ISREG(os.fstat(self._fd).st_mode)

    def append(self, body: bytes) -> bytes:
        """Seal and write a JSON object; answered with its line. OSError where it could not be written whole."""
        if not self._shared:
            return self._write(body)
        self._lock()
        try:
            if self._end != (size := os.fstat(self._fd).st_size):
                self._resume(size)
            if self._max_bytes and size and size + len(body) + _LINK > self._max_bytes:
                self._rotate()
            return self._write(body)
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        if self._path is not None:
            os.close(self._fd)

    def _lock(self) -> None:
        """Take the turn in the file that bears the name now; another process may have rotated it."""
        assert self._path is not None
        while True:
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            try:
                same = os.path.samestat(self._path.stat(), os.fstat(self._fd))
            except FileNotFoundError:
                same = False
            if same:
                return
            os.close(self._fd)
            self._fd = _open(self._path)
            self._end = -1

    def _write(self, body: bytes) -> bytes:
        line = sealed(body, seq=self._next, prev=self._last, key=self._key)
        before = os.fstat(self._fd).st_size if self._shared else 0
        try:
            whole = os.write(self._fd, line) == len(line)
        except OSError:
            whole = False
        if not whole:
            if self._shared:
                os.ftruncate(self._fd, before)
            raise OSError("an audit record could not be written")
        link = link_of(line[:-1])
        assert link is not None
        self._next, self._last, self._end = link.seq + 1, link.seal, before + len(line)
        return line

    def _resume(self, size: int) -> None:
        """Go on after the last sealed line of the file, or of the one before it where it is empty."""
        assert self._path is not None
        link = _last_link(self._path)
        if link is None and size == 0 and (older := _rotated(self._path)):
            link = _last_link(older[-1])
        if size and not _ends_a_line(self._path):
            # A process was killed in the middle of a line: it stays, and is told by `verify`, but spoils no other.
            os.write(self._fd, b"\n")
        self._next, self._last = (0, GENESIS) if link is None else (link.seq + 1, link.seal)

    def _rotate(self) -> None:
        assert self._path is not None
        older = _rotated(self._path)
        number = int(older[-1].suffix[1:]) + 1 if older else 1
        self._path.rename(self._path.with_name(f"{self._path.name}.{number}"))
        fd = _open(self._path)
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.close(self._fd)
        self._fd = fd
        if self._keep:
            self._drop(_rotated(self._path)[: -self._keep])

    def _drop(self, files: list[Path]) -> None:
        ends = [link.seq for file in files if (link := _last_link(file)) is not None]
        if ends:
            # First said, then done: what is missing without a word is missing for another reason.
            self._write(dropping(max(ends)))
        for file in files:
            file.unlink(missing_ok=True)


def trail_files(path: Path) -> list[Path]:
    """The files of a trail, oldest first: those that were rotated away, and the one in use."""
    return [*_rotated(path), *([path] if path.exists() else [])]


def _rotated(path: Path) -> list[Path]:
    found = [one for one in path.parent.glob(f"{path.name}.*") if one.suffix[1:].isdigit()]
    return sorted(found, key=lambda one: int(one.suffix[1:]))


def _last_link(path: Path) -> Link | None:
    """The link of the last sealed line of a file; its end alone is read where that is enough."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        reach = _TAIL
        while True:
            file.seek(max(0, size - reach))
            links = (link_of(line) for line in reversed(file.read().split(b"\n")))
            found = next((link for link in links if link is not None), None)
            if found is not None or reach >= size:
                return found
            reach *= 4


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
