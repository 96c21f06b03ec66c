from headgate.models.guards.llama_guard_4 import GUARD

from .replies import ANSWER, PICTURE, asks_of, found, read, text


def test_its_prompt_is_left_to_its_servers_chat_template():
    assert not GUARD.rendered
    for part in (ANSWER, PICTURE):
        (ask,) = asks_of(GUARD, part)
        assert ask.prompt == ""
        assert all(isinstance(message["content"], list) for message in ask.messages)


def test_it_knows_fourteen_hazards_of_texts_and_images():
    assert GUARD.card.kinds == ("text", "image")
    assert found(read(GUARD, ANSWER, text("\n\nunsafe\nS14"))) == {"cybercrime": 1.0}
