from collections.abc import Callable

import pytest

from headgate.models.assessment import Assessed, Assessment, Unjudged
from headgate.models.classifier import Classifier, callers_of, is_local
from headgate.models.content import Part, Role, Text

from .replies import ANSWER, PICTURE, PROMPT
from .server import GuardServer, Said

Asked = Callable[..., Assessment]


def test_a_guard_behind_a_server_judges_with_its_odds(server: GuardServer, asked: Asked):
    server.says("unsafe", "\n", "S10", unsafe=0.9, safe=0.1)
    found = asked("llama-guard-3-8b", ANSWER)
    assert isinstance(found, Assessed)
    assert found.unsafe == pytest.approx(0.9)
    assert found.model == "llama-guard-3-8b"
    assert [message["role"] for message in server.bodies[0]["messages"]] == ["user", "assistant"]


def test_a_guard_without_a_chat_template_is_asked_for_a_completion(server: GuardServer, asked: Asked):
    server.says("Harmful request:", " no\n", "Response refusal:", " n/a\n", "Harmful response:", " n/a")
    found = asked("wildguard", PROMPT)
    assert isinstance(found, Assessed)
    assert found.unsafe == 0.0
    assert server.paths == ["/v1/completions"]
    assert not server.bodies[0]["prompt"].startswith("<s>")


def test_several_passes_are_one_assessment(server: GuardServer, asked: Asked):
    def script(body):
        hit = "Hate" in body["prompt"]
        return Said(tokens=("Yes" if hit else "No",), odds={0: {"Yes": 0.8, "No": 0.2} if hit else {"No": 1.0}})

    server.script = script
    found = asked("shieldgemma", PROMPT)
    assert isinstance(found, Assessed)
    assert found.categories["discrimination"] == pytest.approx(0.8)
    assert len(server.bodies) == 4


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(tokens=("I think it is fine",)), "unparsable"),
        (Said(tokens=()), "unparsable"),
        (Said(status=503), "overloaded"),
        (Said(status=500), "inference_failed"),
        (Said(status=403), "model_unavailable"),
    ],
)
def test_what_is_not_an_answer_is_never_safe(server: GuardServer, asked: Asked, said: Said, reason: str):
    server.script = lambda body: said
    found = asked("llama-guard-3-8b", PROMPT, retries=0)
    assert isinstance(found, Unjudged)
    assert (found.reason, found.model) == (reason, "llama-guard-3-8b")


def test_one_part_that_fails_leaves_the_others(server: GuardServer, served: Callable[..., Classifier]):
    def script(body):
        return Said(status=500) if "storm" in body["messages"][0]["content"] else Said(tokens=("safe",))

    server.script = script
    found = served("llama-guard-3-8b").assess([PROMPT, Text(text="storm"), ANSWER])
    assert [isinstance(one, Assessed) for one in found] == [True, False, True]


def test_a_disguised_text_is_read_as_it_is_and_as_it_is_meant(server: GuardServer, asked: Asked):
    def script(body):
        return Said(tokens=("unsafe\nS1",) if "beat you" in body["messages"][0]["content"] else ("safe",))

    server.script = script
    found = asked("llama-guard-3-8b", Text(text="I will b\u200bea\u200bt y\u200bo\u200bu"))
    assert isinstance(found, Assessed)
    assert found.unsafe == 1.0
    assert len(server.bodies) == 2


def test_nothing_is_asked_about_nothing(server: GuardServer, asked: Asked):
    found = asked("llama-guard-3-8b", Text(text=" "))
    assert isinstance(found, Assessed)
    assert found.unsafe == 0.0
    assert server.bodies == []


def test_an_image_goes_to_a_guard_that_sees(server: GuardServer, asked: Asked):
    server.says("unsafe", "\nS12")
    found = asked("llama-guard-4", PICTURE)
    assert isinstance(found, Assessed)
    assert found.categories["sexual_content"] == 1.0
    blind = asked("llama-guard-4", Text(text="a", role=Role.DOCUMENT))
    assert isinstance(blind, Assessed)


def test_a_threshold_moves_scores(server: GuardServer, asked: Asked):
    server.says("unsafe", "\nS10", unsafe=0.6, safe=0.4)
    found = asked("llama-guard-3-8b", PROMPT, threshold=0.6)
    assert isinstance(found, Assessed)
    assert found.unsafe == pytest.approx(0.5, abs=1e-3)
    assert found.categories["discrimination"] == pytest.approx(0.5, abs=1e-3)


def test_it_waits_for_a_server_and_says_so(served: Callable[..., Classifier]):
    judge = served("llama-guard-3-8b", callers=7)
    assert isinstance(judge, Classifier)
    assert not is_local(judge)
    assert callers_of(judge) == 7
    assert judge.kinds == {"text"}
    assert "violence" in judge.covers


def test_an_address_is_not_fetched(asked: Asked, server: GuardServer):
    from headgate.models.content import Image

    part: Part = Image(url="http://169.254.169.254/latest")
    found = asked("llama-guard-4", part)
    assert isinstance(found, Unjudged)
    assert server.bodies == []
