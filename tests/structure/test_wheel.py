"""What is built is what stands in the tree: nothing forgotten, nothing that does not belong."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "policies", "guard", "gateway", "export", "examples")
LEFT_OUT = ("__pycache__", ".pyc")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from the tree by the backend that pyproject.toml names."""
    backend = pytest.importorskip("hatchling.builders.wheel")
    target = tmp_path_factory.mktemp("dist")
    built = next(iter(backend.WheelBuilder(str(ROOT)).build(directory=str(target), versions=["standard"])))
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def _in_tree() -> set[str]:
    return {
        f"headgate/{path.relative_to(ROOT)}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and not any(word in str(path) for word in LEFT_OUT)
    }


def test_the_wheel_holds_exactly_the_tree(wheel: set[str]) -> None:
    packaged = {name for name in wheel if ".dist-info/" not in name}
    assert packaged == _in_tree() | {"headgate/__init__.py", "headgate/__main__.py", "headgate/py.typed"}


def test_nothing_lands_beside_the_package(wheel: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel if not re.match(r"headgate-[\d.]+\.dist-info/", name)} == {"headgate"}


def test_the_licence_travels_along(wheel: set[str]) -> None:
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
