from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest

from headgate.guard.calls import answer_of, call_of, messages_of, prompt_name
from headgate.guard.effects import Generate
from headgate.models.errors import ConfigError, InputError


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda user, prompt: 0, "prompt"),
        (lambda user, messages: 0, "messages"),
        (lambda first, second: 0, "first"),
        (lambda self, first: 0, "first"),
    ],
)
def test_the_prompt_is_the_argument_with_a_usual_name_or_the_first(function: object, name: str) -> None:
    assert prompt_name(inspect.signature(function)) == name  # type: ignore[arg-type]


def test_a_function_without_arguments_has_no_prompt() -> None:
    with pytest.raises(ConfigError, match="input="):
        prompt_name(inspect.signature(lambda *args: 0))


def test_asking_again_changes_only_the_prompt_and_the_note() -> None:
    signature = inspect.signature(lambda messages, temperature=1.0, *, guidance=None: 0)
    call = call_of(signature, None, ([{"role": "user", "content": "hi"}],), {"temperature": 0.5})
    assert call.again(Generate(round=1)).kwargs == {"guidance": None}
    again = call.again(Generate(round=2, guidance="note", redact=("messages[0].content",)))
    assert again.kwargs == {"guidance": "note"}
    assert again.args == ([{"role": "user", "content": "[removed by the safety policy]"}], 0.5)


def test_a_redacted_text_prompt_stays_a_text() -> None:
    call = call_of(inspect.signature(lambda prompt: 0), None, ("hi",), {})
    assert call.again(Generate(round=1, redact=("messages[0].content",))).args == ("[removed by the safety policy]",)


def test_a_single_message_stays_one_and_takes_no_note() -> None:
    call = call_of(inspect.signature(lambda message: 0), None, ({"role": "user", "content": "hi"},), {})
    again = call.again(Generate(round=2, guidance="note", redact=("messages[0].content",)))
    assert again.args == ({"role": "user", "content": "[removed by the safety policy]"},)


def test_redaction_needs_an_argument_to_redact() -> None:
    call = call_of(inspect.signature(lambda a: 0), lambda a: "x", ("hi",), {})
    with pytest.raises(ConfigError, match="name the argument"):
        call.again(Generate(round=1, redact=("messages[0].content",)))


def test_prompts_are_texts_messages_or_an_error() -> None:
    assert messages_of("hi", "p") == ({"role": "user", "content": "hi"},)
    assert messages_of({"role": "user", "content": "hi"}, "p") == ({"role": "user", "content": "hi"},)
    with pytest.raises(InputError, match="p must be"):
        messages_of(7, "p")


def test_answers_are_texts_messages_client_objects_or_an_error() -> None:
    assert answer_of("hi", None) == "hi"
    assert answer_of({"content": "hi"}, None) == {"content": "hi"}
    assert answer_of({"x": "hi"}, lambda result: result["x"]) == "hi"
    assert answer_of(SimpleNamespace(content=[SimpleNamespace(text="a"), SimpleNamespace(text="b")]), None) == "ab"
    with pytest.raises(InputError, match="output="):
        answer_of(7, None)


def test_turns_and_a_rewritten_prompt_go_where_the_prompt_can_take_them() -> None:
    turns = (("assistant", "[withheld]"), ("user", "Refine it."))
    asked = Generate(round=2, guidance="note", prompt="New.", turns=turns)
    listed = call_of(inspect.signature(lambda messages: 0), None, ([{"role": "user", "content": "hi"}],), {})
    assert listed.again(asked).args == (
        [
            {"role": "system", "content": "note"},
            {"role": "user", "content": "New."},
            {"role": "assistant", "content": "[withheld]"},
            {"role": "user", "content": "Refine it."},
        ],
    )
    text = call_of(inspect.signature(lambda prompt, guidance=None: 0), None, ("hi",), {})
    assert text.again(asked).args == ("New.", "note\n\nRefine it.")
