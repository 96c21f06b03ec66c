from headgate.models.guards.protectai_injection import GUARD

from .replies import ANSWER, PROMPT


def test_injection_is_an_attack_on_what_a_model_is_told():
    assert GUARD.read(PROMPT, {"SAFE": 0.1, "INJECTION": 0.9}).unsafe == 0.9
    assert GUARD.aside(ANSWER) is not None


def test_its_operating_point_is_that_of_llm_guard():
    assert GUARD.threshold == 0.92
