"""Where a run leaves its files: a folder of this machine, or one behind a URL that fsspec knows (s3, gcs, hf, …).

A name under which something was put holds all of it or nothing, whenever the process is killed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Protocol

from ...models.errors import ConfigError, HeadgateError
from ..files import STDIN, filesystem
from .formats.pieces import settle

_WITH_FOLDERS: Final = frozenset({"dbfs", "ftp", "hdfs", "sftp", "smb", "ssh", "webhdfs"})
"""Protocols of file systems that want a folder before a file in it, and show a file while it is being written."""


class Halted(HeadgateError):
    """A run ended before its input did; everything that was done is kept, and --resume goes on."""


class Place(Protocol):
    """A folder; names are relative to it, with `/` between their parts."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file, in place of an older one; Halted where that cannot be done."""
        ...

    def get(self, name: str) -> bytes | None:
        """A file's bytes, None where there is none."""
        ...

    def sizes(self, under: str = "") -> dict[str, int]:
        """The files in the folder or one below it, by their names there, and their bytes; 0 for folders."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file or a whole folder, if it is there."""
        ...

    def inner(self, name: str) -> tuple[str, ...]:
        """The first step from the folder to a file that is named by its path or URL; empty where it is not in there."""
        ...

    def within(self, name: str) -> bool:
        """Whether a folder that is named by its path or URL is this one or holds it."""
        ...

    def upload(self, path: Path, name: str) -> None:
        """Put a file of this machine, or all files of a folder, under a name."""
        ...

    def download(self, name: str, path: Path) -> None:
        """Bring a file to this machine."""
        ...


def is_remote(folder: str) -> bool:
    """Whether an output is behind a URL."""
    return "://" in folder and not folder.startswith("file://")


def place_of(folder: Path | str | Place) -> Place:
    """The place that a path or URL names; ConfigError where its package is not installed."""
    if not isinstance(folder, (str, Path)):
        return folder
    if is_remote(str(folder)):
        return Remote(str(folder))
    return Local(local(str(folder)))


def local(folder: str) -> Path:
    """The path that a folder of this machine's stands for, also as a `file://` URL."""
    return Path(folder.removeprefix("file://"))


@contextmanager
def writing(place: object) -> Iterator[None]:
    """What cannot be written, on a full disk or for another reason, ends the run with Halted."""
    try:
        yield
    except OSError as error:
        raise Halted(f"{place}: {error.strerror or error}; mend that and go on with --resume") from error


class Local:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def put(self, name: str, data: bytes) -> None:
        """Write a draft, bring it to disk, and rename it."""
        path = self.folder / name
        # Two processes may write one marker after a kill; both write the same, neither the other's half.
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        with writing(self.folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                settle(file)
            draft.replace(path)

    def get(self, name: str) -> bytes | None:
        """A file's bytes, None where there is none."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def sizes(self, under: str = "") -> dict[str, int]:
        """The files in the folder or one below it."""
        try:
            return {one.name: one.stat().st_size if one.is_file() else 0 for one in (self.folder / under).iterdir()}
        except FileNotFoundError:
            return {}

    def remove(self, name: str) -> None:
        """Remove a file or a whole folder, if it is there."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def inner(self, name: str) -> tuple[str, ...]:
        """The first step to a file, by its own name and by that of what it links to."""
        if is_remote(name) or name == STDIN:
            return ()
        folder, path = self.folder.resolve(), local(name)
        found = {path.parent.resolve() / path.name, path.resolve()}
        return tuple(one.relative_to(folder).parts[0] for one in found if folder in one.parents)

    def within(self, name: str) -> bool:
        """Whether a folder is this one or holds it, by the paths to which links lead."""
        if is_remote(name) or name == STDIN:
            return False
        folder, path = self.folder.resolve(), local(name).resolve()
        return path == folder or path in folder.parents

    def upload(self, path: Path, name: str) -> None:
        """Nothing to do for what was made here."""

    def download(self, name: str, path: Path) -> None:
        """Bring a file elsewhere on this machine."""
        shutil.copyfile(self.folder / name, path)


class Remote:
    """A folder behind a URL. Stores of objects put a whole object or none; elsewhere a draft is renamed."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        with _door(self.url, ConfigError):
            self._system, self._root = filesystem(self.url).url_to_fs(self.url)

    def __str__(self) -> str:
        return self.url

    def put(self, name: str, data: bytes) -> None:
        """Write an object."""
        with _door(self.url, Halted), self._whole(name) as draft:
            self._system.pipe_file(draft, data)

    def get(self, name: str) -> bytes | None:
        """An object's bytes, None where there is none."""
        with _door(self.url, ConfigError):
            try:
                found: bytes = self._system.cat_file(self._path(name))
            except FileNotFoundError:
                return None
            return found

    def sizes(self, under: str = "") -> dict[str, int]:
        """The objects in the folder or one below it, as they are now."""
        path = self._path(under) if under else self._root
        with _door(self.url, ConfigError):
            self._system.invalidate_cache()
            try:
                found: list[dict[str, Any]] = self._system.ls(path, detail=True)
            except FileNotFoundError:
                return {}
            return {_last(one["name"]): int(one["size"] or 0) for one in found if _last(one["name"]) != _last(path)}

    def remove(self, name: str) -> None:
        """Remove an object or all under a prefix, if they are there."""
        with _door(self.url, Halted):
            self._system.invalidate_cache()
            if self._system.exists(self._path(name)):
                self._system.rm(self._path(name), recursive=True)

    def inner(self, name: str) -> tuple[str, ...]:
        """The first step to an object."""
        path, start = self._there(name), f"{self._root}/"
        return (path.removeprefix(start).partition("/")[0],) if path.startswith(start) else ()

    def within(self, name: str) -> bool:
        """Whether a folder is this one or holds it."""
        path = self._there(name)
        return bool(path) and f"{self._root}/".startswith(f"{path}/")

    def upload(self, path: Path, name: str) -> None:
        """Put a file of this machine, or all files of a folder, under a name."""
        with _door(self.url, Halted):
            for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if one.is_file():
                    target = name if one == path else f"{name}/{one.relative_to(path).as_posix()}"
                    with self._whole(target) as draft:
                        self._system.put_file(str(one), draft)

    def download(self, name: str, path: Path) -> None:
        """Bring an object to this machine."""
        with _door(self.url, Halted):
            self._system.get_file(self._path(name), str(path))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _there(self, name: str) -> str:
        """The path of a URL in the same store, however it is spelt; empty for what is elsewhere."""
        if not is_remote(name):
            return ""
        with _door(name, ConfigError):
            system, path = filesystem(name).url_to_fs(name)
        return str(path).rstrip("/") if system == self._system else ""

    @contextmanager
    def _whole(self, name: str) -> Iterator[str]:
        """Where to write so that the name holds all of it or nothing: a draft, where not the store sees to that."""
        path = self._path(name)
        protocol = self._system.protocol
        # A store of objects has no folders, and would make a whole bucket of a misspelt one.
        if not _WITH_FOLDERS & ({protocol} if isinstance(protocol, str) else set(protocol)):
            yield path
            return
        self._system.makedirs(path.rpartition("/")[0], exist_ok=True)
        draft = f"{path}.{token_hex(4)}.new"
        yield draft
        if not self._replaced(draft, path):
            # Until the second step the name holds nothing: begin() tells a folder where that was the manifest's.
            self._system.rm(path)
            self._system.mv(draft, path)

    def _replaced(self, draft: str, path: str) -> bool:
        """Renames in one step; False where a file is there, and the server renames onto none."""
        self._system.invalidate_cache()
        if not self._system.exists(path):
            self._system.mv(draft, path)
            return True
        with suppress(HeadgateError), _door(self.url, Halted):
            self._system.mv(draft, path)
        self._system.invalidate_cache()
        return not self._system.exists(draft)  # some refuse without a word


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


@contextmanager
def _door(url: str, kind: type[HeadgateError]) -> Iterator[None]:
    """The one door for what fsspec's packages raise, each its own exceptions."""
    try:
        yield
    except HeadgateError:
        raise
    except Exception as error:
        more = "; mend that and go on with --resume" if kind is Halted else ""
        raise kind(f"{url}: {type(error).__name__}: {error}{more}") from error
