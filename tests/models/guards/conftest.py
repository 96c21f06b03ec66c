"""A guard's server, and an adapter asked through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.models.assemble import one
from headgate.models.assessment import Assessment
from headgate.models.classifier import Classifier
from headgate.models.content import Part
from headgate.models.judges import Entry

from .server import GuardServer, serving


@pytest.fixture
def server() -> Iterator[GuardServer]:
    """A server that says `safe` until told otherwise."""
    with serving() as found:
        yield found


@pytest.fixture
def served(server: GuardServer) -> Callable[..., Classifier]:
    """A guard of the catalogue behind the server."""

    def make(use: str, **more: Any) -> Classifier:
        return one(Entry(use=use, via="openai", url=server.url, model="m", **more))

    return make


@pytest.fixture
def asked(served: Callable[..., Classifier]) -> Callable[..., Assessment]:
    """What a guard behind the server says of a part."""

    def ask(use: str, part: Part, **more: Any) -> Assessment:
        return served(use, **more).assess([part])[0]

    return ask


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for exported folders."""
    return tmp_path_factory.mktemp("guards")
