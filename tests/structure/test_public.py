"""The public names: what may be imported from `headgate`, and nothing else."""

from __future__ import annotations

import importlib.metadata
import inspect
from pathlib import Path

import pytest

import headgate

PROMISED = ("Action", "Guard", "Policy", "Severity", "Verdict", "protect")


@pytest.mark.parametrize("name", PROMISED)
def test_what_others_rely_on_is_there(name: str) -> None:
    assert name in headgate.__all__
    assert hasattr(headgate, name)


def test_every_public_name_exists_and_explains_itself() -> None:
    silent = [
        name for name in headgate.__all__ if name != "__version__" and not inspect.getdoc(getattr(headgate, name))
    ]
    assert silent == []


def test_names_are_listed_once_and_sorted() -> None:
    assert list(headgate.__all__) == sorted(set(headgate.__all__))


def test_types_are_published() -> None:
    assert (Path(headgate.__file__).parent / "py.typed").is_file()


def test_the_version_is_that_of_the_distribution() -> None:
    assert importlib.metadata.version("headgate") == "0.1.0"
