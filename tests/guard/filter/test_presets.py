from __future__ import annotations

from typing import Any

import pytest

from headgate.guard.filter.presets import checked_name, names, prepared
from headgate.models.errors import ConfigError, InputError


@pytest.mark.parametrize(
    ("preset", "row", "found"),
    [
        ("alpaca", {"instruction": "Add", "input": "1, 2", "output": "3"}, {"prompt": "Add\n\n1, 2", "response": "3"}),
        ("alpaca", {"instruction": "Sing", "input": "", "output": "La"}, {"prompt": "Sing", "response": "La"}),
        ("dolly", {"instruction": "A", "context": "B", "response": "C"}, {"prompt": "A\n\nB", "response": "C"}),
        (
            "sharegpt",
            {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
            {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        ),
        (
            "hh-rlhf",
            {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant: No"},
            {
                side: [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": said}]
                for side, said in (("chosen", "Hello"), ("rejected", "No"))
            },
        ),
        ("laion", {"TEXT": "A lake", "URL": "u"}, {"text": "A lake", "image": "u"}),
        ("wildchat", {"conversation": [{"role": "user"}], "x": 1}, {"messages": [{"role": "user"}]}),
    ],
)
def test_rows_of_well_known_sets_are_read(preset: str, row: dict[str, Any], found: dict[str, Any]) -> None:
    assert prepared(row, preset) == found


@pytest.mark.parametrize(
    ("preset", "row"),
    [
        ("alpaca", {"text": "x"}),
        ("sharegpt", {"conversations": [{"from": "ghost", "value": "boo"}]}),
        ("sharegpt", {"conversations": "x"}),
        ("hh-rlhf", {"chosen": "no turns", "rejected": "none"}),
    ],
)
def test_a_row_of_another_set_is_an_error(preset: str, row: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        prepared(row, preset)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="alpaca"):
        checked_name("unknown")
    assert checked_name("") == ""
    assert all(checked_name(name) == name for name in names())
