import json

import pytest

from headgate.models.assessment import Unjudged
from headgate.models.errors import Unparsable
from headgate.models.guards.llavaguard import CATEGORIES, GUARD, policy

from .replies import PICTURE, PROMPT, asks_of, found, read, text, tokens


def reply(rating: str, category: str) -> str:
    return json.dumps({"rating": rating, "category": category, "rationale": "since it is so"})


def test_the_policy_that_it_was_trained_on_is_sent_with_the_image():
    (ask,) = asks_of(GUARD, PICTURE)
    image, said = ask.messages[0]["content"]
    assert image["type"] == "image_url"
    assert said["text"] == policy()
    assert all(f"\n{code}: " in policy() for code in CATEGORIES)


def test_a_safe_image_is_nothing_found():
    judged = read(GUARD, PICTURE, text(reply("Safe", "NA: None applying")))
    assert judged.unsafe == 0.0
    assert judged.categories["violence"] == 0.0


def test_the_category_named_is_scored():
    assert found(read(GUARD, PICTURE, text(reply("Unsafe", "O8: Animal Cruelty")))) == {"animal_abuse": 1.0}
    judged = read(GUARD, PICTURE, text(reply("Unsafe", "O6: Weapons or Substance Abuse")))
    assert judged.ambiguous
    assert found(judged) == {"weapons": 1.0, "drugs": 1.0}


def test_the_word_after_rating_has_the_odds():
    rest = '",\n"category": "O3: Sexual Content", "rationale": ""}'
    said = tokens('{\n"rating"', ":", ' "', "Unsafe", rest, odds={3: {"Unsafe": 0.8, "Safe": 0.2}})
    assert read(GUARD, PICTURE, said).unsafe == pytest.approx(0.8)


def test_unsafe_by_no_category_leaves_all_of_them_open():
    judged = read(GUARD, PICTURE, text(reply("Unsafe", "NA: None applying")))
    assert judged.unsafe == 1.0
    assert set(judged.categories.values()) == {None}


@pytest.mark.parametrize(
    "said", ["", "Safe", '{"rating": "Maybe"}', '{"rating": "Unsafe", "category": "O1', '{"rating": 0}']
)
def test_a_reply_without_a_rating_is_no_answer(said: str):
    with pytest.raises(Unparsable):
        read(GUARD, PICTURE, text(said))


def test_a_text_is_none_of_its_business():
    assert isinstance(GUARD.asks(PROMPT), Unjudged)
