from headgate.models.guards.injection import attack

from .replies import PROMPT, unknown


def test_an_attack_is_the_one_thing_that_was_looked_for():
    judged = attack(PROMPT, 0.9)
    assert judged.unsafe == judged.categories["prompt_attack"] == 0.9
    assert len(unknown(judged)) == len(judged.categories) - 1
