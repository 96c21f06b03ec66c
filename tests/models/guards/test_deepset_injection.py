from headgate.models.guards.deepset_injection import GUARD

from .replies import ANSWER, PROMPT


def test_injection_is_an_attack_on_what_a_model_is_told():
    assert GUARD.labels == ("LEGIT", "INJECTION")
    assert GUARD.read(PROMPT, {"LEGIT": 0.3, "INJECTION": 0.7}).categories["prompt_attack"] == 0.7
    assert GUARD.aside(ANSWER) is not None
