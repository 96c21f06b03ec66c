import json

import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.nemoguard import GUARD, NAMES

from .replies import ANSWER, PROMPT, asks_of, found, read, text


def test_the_task_and_the_conversation_are_one_user_message():
    (ask,) = asks_of(GUARD, ANSWER)
    (message,) = ask.messages
    assert message["content"].startswith("Task: Check if there is unsafe content in the user or agent messages")
    assert "S23: Immoral/Unethical.\n<END UNSAFE CONTENT CATEGORIES>" in message["content"]
    assert "user: How warm is tea?\n\nresponse: agent: Quite warm.\n\n<END CONVERSATION>" in message["content"]
    assert message["content"].endswith("Output JSON:")
    assert "response: agent:" not in asks_of(GUARD, PROMPT)[0].messages[0]["content"]


def reply(**fields: object) -> str:
    return json.dumps({name.replace("_", " "): value for name, value in fields.items()})


def test_the_rating_of_the_part_decides():
    both = reply(User_Safety="unsafe", Response_Safety="safe", Safety_Categories="Violence")
    assert read(GUARD, ANSWER, text(both)).unsafe == 0.0
    assert found(read(GUARD, PROMPT, text(both))) == {"violence": 1.0}


@pytest.mark.parametrize(
    "named", ["Violence, PII/Privacy", "S1: Violence, S9", ["Violence", "PII/Privacy"], "violence, s, PII/Privacy."]
)
def test_categories_are_read_by_name_or_number(named: object):
    judged = read(GUARD, PROMPT, text(reply(User_Safety="unsafe", Safety_Categories=named)))
    assert found(judged) == {"violence": 1.0, "privacy": 1.0}


def test_every_name_is_one_of_the_taxonomy():
    for name in NAMES:
        judged = read(GUARD, PROMPT, text(reply(User_Safety="unsafe", Safety_Categories=name)))
        assert found(judged), name


def test_unsafe_without_a_known_category_leaves_all_of_them_open():
    judged = read(GUARD, PROMPT, text(reply(User_Safety="unsafe", Safety_Categories="Weather")))
    assert judged.unsafe == 1.0
    assert set(judged.categories.values()) == {None}


@pytest.mark.parametrize(
    "said",
    [
        "",
        "safe",
        '{"User Safety": "fine"}',
        '{"Response Safety": "safe"}',
        '{"User Safety": true}',
        '{"User Safety": "saf',
    ],
)
def test_a_reply_without_the_rating_is_no_answer(said: str):
    with pytest.raises(Unparsable):
        read(GUARD, PROMPT, text(said))
