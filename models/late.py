"""A package whose names are imported when somebody asks for them, so that a command starts with what it needs alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def late(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose public names live in `homes`: a submodule, or `submodule:name` there."""

    def get(name: str) -> Any:
        home, _, own = homes.get(name, "").partition(":")
        if not home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f".{home}", package), own or name)
        setattr(sys.modules[package], name, found)
        return found

    return get


def late_functions(package: str, names: Iterable[str]) -> None:
    """Functions of a package that are called like the submodules in which they live: the package shows the function."""
    module = sys.modules[package]
    module.__class__ = type("Package", (ModuleType,), {name: _Function(name) for name in names})


class _Function:
    """Stands before the submodule that the import system would put under its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, module: ModuleType, owner: type) -> Any:
        return getattr(import_module(f".{self.name}", module.__name__), self.name)

    def __set__(self, module: ModuleType, value: object) -> None:
        """The import system sets the submodule; the function stays."""
