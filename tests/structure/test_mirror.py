"""Every source file has a test file of its own, in the same place under tests/; no file is a maze."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "policies", "guard", "gateway", "export", "examples")
MOST_LINES = 400
LONGEST_FUNCTION = 60

SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if path.name != "__init__.py")


def _test_of(source: Path) -> Path:
    place = source.relative_to(ROOT)
    return ROOT / "tests" / place.parent / f"test_{place.name.removeprefix('_').replace('_main__', 'main')}"


def test_every_source_file_has_a_test_file() -> None:
    assert [str(path.relative_to(ROOT)) for path in SOURCES if not _test_of(path).is_file()] == []


def test_every_test_file_holds_a_test() -> None:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    assert [str(path.relative_to(ROOT)) for path in files if "def test_" not in path.read_text("utf-8")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_files_and_functions_stay_short_enough_to_read(room: str) -> None:
    long = []
    for path in (path for path in SOURCES if path.relative_to(ROOT).parts[0] == room):
        text = path.read_text("utf-8")
        name = path.relative_to(ROOT)
        if (lines := text.count("\n")) > MOST_LINES:
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > LONGEST_FUNCTION:
                    long.append(f"{name}:{node.lineno} {node.name}: {size} lines")
    assert not long
