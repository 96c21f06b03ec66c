"""A room imports only from the rooms to its left; `export` is read by nobody; the package imports nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OF = {
    "models": set(),
    "policies": {"models"},
    "guard": {"models", "policies"},
    "gateway": {"models", "policies", "guard"},
    "export": {"models", "policies"},
}
# Training and export build graphs; everything else runs them.
HEAVY = ("torch", "transformers", "onnx", "onnxscript", "sklearn", "pandas")
LATE = (*HEAVY, "onnxruntime", "litestar", "uvicorn", "aiohttp", "redis", "pyarrow", "zstandard", "PIL", "av")


def _sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module of a file with its level: 0 for absolute names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((node.level, name) for name in names if name)


def _rooms(path: Path) -> Iterator[str]:
    """The other rooms that a file imports from."""
    depth = len(path.relative_to(ROOT).parts) - 1
    for level, name in _imports(path):
        if level == depth + 1:
            yield name.split(".")[0]
        elif level == 0 and name.split(".")[0] == "headgate":
            pytest.fail(
                f"{path.relative_to(ROOT)} imports {name} by its absolute name: imports between rooms are relative"
            )


@pytest.mark.parametrize("room", LEFT_OF)
def test_a_room_imports_only_from_the_rooms_to_its_left(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {other}"
        for path in _sources(room)
        for other in _rooms(path)
        if other in LEFT_OF and other not in LEFT_OF[room]
    }
    assert not wrong


@pytest.mark.parametrize("room", ["models", "policies", "guard", "gateway"])
def test_torch_and_its_kin_stay_in_the_training_recipe(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _sources(room)
        if "train" not in path.relative_to(ROOT).parts
        for level, name in _imports(path)
        if level == 0 and name.split(".")[0] in HEAVY
    }
    assert not wrong


def _loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not _loaded_after("import headgate; headgate.Guard, headgate.protect") & set(LATE)


def test_the_command_line_starts_without_anything_heavy() -> None:
    assert not _loaded_after("from headgate.__main__ import cli") & {*LATE, "numpy", "rich"}


def test_the_gateway_never_loads_torch() -> None:
    assert not _loaded_after("import headgate.gateway.cli") & set(HEAVY)
