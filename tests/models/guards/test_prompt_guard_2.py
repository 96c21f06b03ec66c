from headgate.models.guards.prompt_guard_2 import GUARD

from .replies import ANSWER, PROMPT


def test_malicious_is_an_attack():
    assert GUARD.read(PROMPT, {"benign": 0.2, "malicious": 0.8}).categories["prompt_attack"] == 0.8


def test_what_a_model_says_is_not_asked_about():
    assert GUARD.aside(ANSWER) is not None
    assert GUARD.aside(PROMPT) is None


def test_its_operating_point_is_that_of_llama_firewall():
    assert GUARD.threshold == 0.9
    assert GUARD.window == 512
