from __future__ import annotations

from typing import Any

import pytest

from headgate.gateway.wire.openai_chat_extras import extra_parts
from headgate.models.content import Role
from headgate.models.errors import InputError


def extras(message: dict[str, Any] | None = None, **body: Any) -> dict[str, tuple[str, Role]]:
    messages = [{"role": "user", "content": "x", **(message or {})}]
    return {part.path: (part.text, part.role) for part in extra_parts({"messages": messages, **body})}  # type: ignore[union-attr]


def test_descriptions_of_tools_are_judged_as_instructions() -> None:
    tool = {
        "type": "function",
        "function": {"name": "look", "description": "Look it up.", "parameters": {"enum": ["a b"]}},
    }
    assert extras(tools=[{"type": "function"}, tool]) == {"tools[1]": ("Look it up.\na b", Role.SYSTEM)}


def test_fields_that_nobody_knows_are_judged_as_documents() -> None:
    assert extras(guided={"hint": "some words"}, documents=["one two"]) == {
        "documents": ("one two", Role.DOCUMENT),
        "guided": ("some words", Role.DOCUMENT),
    }


def test_fields_that_no_model_reads_are_not_judged() -> None:
    assert extras(model="a b", user="a b", stop=["a b"], metadata={"k": "a b"}, temperature=1) == {}


@pytest.mark.parametrize("field", ["refusal", "reasoning", "reasoning_content"])
def test_a_text_field_that_holds_no_text_is_refused(field: str) -> None:
    with pytest.raises(InputError) as caught:
        extras({field: {"hidden": "some words"}})
    assert caught.value.param == f"messages[0].{field}"
