import jinja2

from headgate.models.guards.llama_guard_3_1b import GUARD

from .replies import ANSWER, PROMPT, asks_of
from .templates import LLAMA_GUARD_3_1B


def test_its_prompt_is_that_of_the_checkpoints_chat_template():
    template = jinja2.Template(LLAMA_GUARD_3_1B)
    for part in (PROMPT, ANSWER):
        (ask,) = asks_of(GUARD, part)
        assert ask.bos + ask.prompt == template.render(messages=ask.messages) + "\n\n"


def test_its_chat_template_is_given_lists_of_content_parts():
    (ask,) = asks_of(GUARD, PROMPT)
    assert ask.messages[0]["content"] == [{"type": "text", "text": "How warm is tea?"}]


def test_it_does_not_know_code_interpreter_abuse_by_name():
    (ask,) = asks_of(GUARD, PROMPT)
    assert "S13: Elections." in ask.prompt
    assert "S14" not in ask.prompt
