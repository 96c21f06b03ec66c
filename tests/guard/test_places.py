from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.places import MASK, blanked, located, masked

BODY: dict[str, Any] = {
    "input": ["one", "two words"],
    "prompt": "a prompt",
    "tools": [{"type": "function", "description": "what it does", "n": 1}],
    "a.b[0]": "odd name",
    "a": {"b": ["plain"]},
    "text": {"format": {"schema": "deep text"}},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("input[1]", "two words"),
        ("prompt", "a prompt"),
        ("tools[0].description", "what it does"),
        ("a.b[0]", "odd name"),
        ("text.format.schema", "deep text"),
    ],
)
def test_a_path_leads_to_its_value_also_through_odd_names(path: str, value: str) -> None:
    place = located(BODY, path)
    assert place.container[place.key] == value


@pytest.mark.parametrize("path", ["input[2]", "nothing", "prompt[0]", "prompt.x", "tools.0", "", "input[0"])
def test_a_path_that_leads_nowhere_is_said(path: str) -> None:
    with pytest.raises(KeyError):
        located(BODY, path)
    assert masked(BODY, [path]) == BODY


def test_texts_are_masked_items_keep_their_shape_and_other_fields_go() -> None:
    before = copy.deepcopy(BODY)
    found = masked(BODY, ["input[0]", "prompt", "tools[0]", "text"])
    assert found["input"] == [MASK, "two words"]
    assert found["prompt"] == MASK
    assert found["tools"] == [{"type": "function", "description": MASK, "n": 1}]
    assert "text" not in found
    assert before == BODY


def test_a_mask_on_what_is_gone_already_changes_nothing() -> None:
    assert masked(BODY, ["text", "text.format"]) == masked(BODY, ["text"])


@settings(deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_a_blanked_value_is_blank_for_good(value: Any) -> None:
    once = blanked(value)
    assert blanked(once) == once
    assert type(once) is type(value)
