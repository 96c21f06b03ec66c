from headgate.models.guards.llama_guard_3_vision import GUARD

from .replies import ANSWER, PICTURE, asks_of, found, read, text


def test_an_image_is_sent_and_never_rendered_into_a_prompt():
    (ask,) = asks_of(GUARD, PICTURE)
    assert ask.prompt == ""
    assert ask.messages[0]["content"][0]["type"] == "image_url"


def test_an_image_is_judged_in_the_same_words_as_a_text():
    assert found(read(GUARD, PICTURE, text("unsafe\nS12"))) == {"sexual_content": 1.0}
    assert read(GUARD, ANSWER, text("safe")).unsafe == 0.0


def test_it_runs_behind_a_server_alone():
    assert GUARD.card.routes == ("openai",)
