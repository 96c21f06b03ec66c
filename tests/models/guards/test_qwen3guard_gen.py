import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.asking import Reply
from headgate.models.guards.qwen3guard_gen import GUARD, prompt
from headgate.models.guards.turns import Turns

from .replies import ANSWER, PROMPT, asks_of, found, read, text, tokens
from .templates import QWEN3GUARD_ANSWER, QWEN3GUARD_PROMPT


def test_its_prompts_are_those_of_the_checkpoints_chat_template():
    assert prompt(Turns(prompt="How warm is tea?")) == QWEN3GUARD_PROMPT
    assert prompt(Turns(prompt="How warm is tea?", answer="Quite warm.")) == QWEN3GUARD_ANSWER


def test_a_completion_is_given_its_first_word():
    (ask,) = asks_of(GUARD, ANSWER)
    assert ask.prompt == f"{QWEN3GUARD_ANSWER}Safety:"


def test_safe_is_nothing_found():
    judged = read(GUARD, ANSWER, text("Safety: Safe\nCategories: None\nRefusal: Yes"))
    assert judged.unsafe == 0.0
    assert judged.refusal == 1.0
    assert judged.severity == (1.0, 0.0, 0.0, 0.0)


def test_unsafe_names_its_categories():
    judged = read(GUARD, PROMPT, text("Safety: Unsafe\nCategories: Violent, PII"))
    assert found(judged) == {"violence": 1.0, "privacy": 1.0}
    assert judged.severity == (0.0, 0.0, 1.0, 0.0)
    assert judged.refusal is None


def test_a_name_that_holds_anothers_name_is_read_whole():
    judged = read(GUARD, PROMPT, text("Safety: Unsafe\nCategories: Non-violent Illegal Acts"))
    assert judged.ambiguous
    assert "violence" not in found(judged)


def test_controversial_counts_as_minor():
    judged = read(GUARD, PROMPT, text("Safety: Controversial\nCategories: Politically Sensitive Topics"))
    assert judged.unsafe == 1.0
    assert judged.severity == (0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("start", [("Safety", ":", " Unsafe"), ("Safety:", " Unsafe"), (" Unsafe",)])
def test_odds_are_those_of_the_word_after_safety_in_a_chat_and_in_a_completion(start: tuple[str, ...]):
    odds = {len(start) - 1: {" Unsafe": 0.5, " Controversial": 0.25, " Safe": 0.25}}
    judged = read(GUARD, PROMPT, tokens(*start, "\n", "Categories: Violent", odds=odds))
    assert judged.unsafe == pytest.approx(0.75)
    assert judged.severity == (0.25, 0.25, 0.5, 0.0)
    assert found(judged) == {"violence": 0.75}
    assert judged.categories["weapons"] is None


def test_a_first_token_alone_tells_level_and_severity():
    judged = read(GUARD, PROMPT, Reply(odds={"Safe": 0.5, "Unsafe": 0.25, "Controversial": 0.25}))
    assert judged.unsafe == 0.5
    assert judged.severity == (0.5, 0.25, 0.25, 0.0)
    assert set(judged.categories.values()) == {None}


def test_unsafe_without_a_category_leaves_all_of_them_open():
    assert set(read(GUARD, PROMPT, text("Safety: Unsafe\nCategories: None")).categories.values()) == {None}


@pytest.mark.parametrize("reply", ["", "I cannot help.", "Safety: Fine", "Categories: Violent", "Safety: Safe-ish"])
def test_a_reply_without_a_level_is_no_answer(reply: str):
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text(reply))
