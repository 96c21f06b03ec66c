import jinja2

from headgate.models.content import Text
from headgate.models.guards.llama_guard_3_8b import GUARD

from .replies import ANSWER, PROMPT, asks_of
from .templates import LLAMA_GUARD_3_8B


def test_its_prompt_is_that_of_the_checkpoints_chat_template():
    template = jinja2.Template(LLAMA_GUARD_3_8B)
    for part in (PROMPT, ANSWER, Text(text="  two\nlines ")):
        (ask,) = asks_of(GUARD, part)
        assert ask.bos + ask.prompt == template.render(messages=ask.messages) + "\n\n"


def test_it_knows_fourteen_hazards_of_texts():
    assert GUARD.card.kinds == ("text",)
    assert {"violence", "cybercrime", "self_harm", "child_safety", "weapons"} <= GUARD.card.covers
    assert not {"prompt_attack", "environment", "graphic_content"} & GUARD.card.covers
