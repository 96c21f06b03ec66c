from __future__ import annotations

from typing import Any

from headgate.policies.described import KEYS
from headgate.policies.schema import json_schema


def _properties() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (block, key, found)
        for block, definition in json_schema()["$defs"].items()
        for key, found in definition.get("properties", {}).items()
    ]


def test_every_key_of_a_policy_is_described() -> None:
    assert [f"{block}.{key}" for block, key, found in _properties() if not found.get("description")] == []


def test_no_description_is_of_a_key_that_there_is_not() -> None:
    known = {name for block, key, _ in _properties() for name in (key, f"{block}.{key}")}
    assert set(KEYS) <= known
