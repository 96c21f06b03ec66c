from headgate.models.guards.unbiased_toxic_roberta import GUARD, HARMS, IDENTITIES

from .replies import PROMPT, found

NONE = dict.fromkeys((*HARMS, *IDENTITIES), 0.0)


def test_a_person_who_is_named_is_no_harm():
    judged = GUARD.read(PROMPT, NONE | dict.fromkeys(IDENTITIES, 1.0))
    assert judged.unsafe == 0.0
    assert found(judged) == {}


def test_each_harm_is_a_category():
    judged = GUARD.read(PROMPT, NONE | {"identity_attack": 0.9, "sexual_explicit": 0.6})
    assert judged.unsafe == 0.9
    assert found(judged) == {"discrimination": 0.9, "sexual_content": 0.6}
