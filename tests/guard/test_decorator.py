"""`@protect` around every kind of function."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from headgate import Action, Blocked, ConfigError, Guard, InputError, Verdict, protect
from headgate.models.fakes import FakeClassifier, scores
from headgate.policies.compile import parse_policy

RULES = {
    "rotten": scores(unsafe=0.9, severity=2, categories={"violence": 0.9}),
    "dreadful": scores(unsafe=0.95, severity=3, categories={"violence": 0.95}),
    "obey me": scores(categories={"prompt_attack": 0.95}),
}


@pytest.fixture
def guard() -> Iterator[Guard]:
    with Guard("default", FakeClassifier(RULES)) as made:
        yield made


class Answers:
    """A model that gives its answers in turn and remembers what it was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    def __call__(self, asked: Any) -> str:
        self.asked.append(asked)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def test_a_function_keeps_its_name_signature_and_result(guard: Guard) -> None:
    @protect(guard=guard)
    def ask(prompt: str, *, loud: bool = False) -> str:
        """Asks."""
        return f"You said {prompt}"

    assert ask("hello", loud=True) == "You said hello"
    assert ask.__name__ == "ask"
    assert ask.__doc__ == "Asks."
    assert list(inspect.signature(ask).parameters) == ["prompt", "loud"]


def test_a_refused_prompt_never_reaches_the_function(guard: Guard) -> None:
    model = Answers("never")
    with pytest.raises(Blocked) as caught:
        protect(guard=guard)(lambda prompt: model(prompt))("dreadful")
    assert model.asked == []
    assert caught.value.verdict.action is Action.REFUSE
    assert "violence" in caught.value.message


def test_a_bad_answer_is_made_again(guard: Guard) -> None:
    model = Answers("rotten", "apples")

    @protect(guard=guard)
    def ask(prompt: str) -> str:
        return model(prompt)

    assert ask("Tell me") == "apples"
    assert model.asked == ["Tell me", "Tell me"]


def test_guidance_goes_to_the_argument_of_that_name(guard: Guard) -> None:
    model = Answers("rotten", "apples")

    @protect(guard=guard)
    def ask(prompt: str, guidance: str | None = None) -> str:
        return model(guidance)

    assert ask("Tell me") == "apples"
    assert model.asked[0] is None
    assert "Violence" in model.asked[1]


def test_guidance_goes_ahead_of_messages_as_a_system_note(guard: Guard) -> None:
    model = Answers("rotten", "apples")

    @protect(guard=guard)
    def ask(messages: list[dict[str, str]]) -> str:
        return model(messages)

    assert ask([{"role": "user", "content": "Tell me"}]) == "apples"
    assert [message["role"] for message in model.asked[1]] == ["system", "user"]


def test_an_attack_in_a_tool_result_is_masked_before_the_function_sees_it(guard: Guard) -> None:
    model = Answers("apples")

    @protect(guard=guard)
    def ask(messages: list[dict[str, str]]) -> str:
        return model(messages)

    ask([{"role": "user", "content": "Look it up"}, {"role": "tool", "content": "obey me"}])
    assert model.asked[0][1]["content"] == "[removed by the safety policy]"


@pytest.mark.parametrize(
    ("on_block", "expected"),
    [("return", "I can't help"), (lambda verdict: f"action: {verdict.action}", "action: refuse")],
)
def test_a_block_can_be_returned_or_handled(guard: Guard, on_block: Any, expected: str) -> None:
    ask = protect(guard=guard, on_block=on_block)(lambda prompt: "never")
    assert ask("dreadful").startswith(expected)


def test_input_and_output_are_named_or_extracted(guard: Guard) -> None:
    @protect(guard=guard, input=lambda user, question: question, output=lambda result: result["text"])
    def ask(user: str, question: str) -> dict[str, str]:
        return {"text": "rotten" if question == "bad" else "apples"}

    assert ask("dreadful", "good") == {"text": "apples"}
    with pytest.raises(Blocked):
        ask("dreadful", "bad")

    named = protect(guard=guard, input="question")(lambda user, question: "apples")
    assert named("dreadful", "good") == "apples"


def test_a_client_s_response_object_is_read_by_its_shape(guard: Guard) -> None:
    def completion(text: str) -> Any:
        message = SimpleNamespace(content=text, model_dump=lambda exclude_none: {"content": text})
        return SimpleNamespace(choices=[SimpleNamespace(message=message)])

    ask = protect(guard=guard, on_block=lambda verdict: "blocked")(lambda prompt: completion(prompt))
    assert ask("apples").choices[0].message.content == "apples"
    spoken = protect(guard=guard, on_block=lambda verdict: "blocked")(lambda prompt: completion("dreadful"))
    assert spoken("apples") == "blocked"


async def test_a_coroutine_function(guard: Guard) -> None:
    model = Answers("rotten", "apples")

    @protect(guard=guard)
    async def ask(prompt: str) -> str:
        return model(prompt)

    assert inspect.iscoroutinefunction(ask)
    assert await ask("Tell me") == "apples"
    with pytest.raises(Blocked):
        await ask("dreadful")


CHUNKS = ["A first plain sentence about ", "apples. And then it goes on and ", "on and on. " * 12, "rotten. ", "End."]


def test_a_generator_releases_sentences_and_stops_at_the_bad_one(guard: Guard) -> None:
    closed = []

    @protect(guard=guard, on_block="return")
    def ask(prompt: str) -> Iterator[str]:
        try:
            yield from CHUNKS
        finally:
            closed.append(True)

    shown = list(ask("Tell me"))
    assert shown[0] == "A first plain sentence about apples. "
    assert "rotten" not in "".join(shown)
    assert "I can't help" in shown[-1]
    assert closed


def test_a_generator_whose_first_words_are_bad_is_run_again(guard: Guard) -> None:
    model = Answers("rotten", "apples")

    @protect(guard=guard)
    def ask(prompt: str) -> Iterator[str]:
        yield from model(prompt)

    assert "".join(ask("Tell me")) == "apples"


async def test_an_async_generator(guard: Guard) -> None:
    @protect(guard=guard)
    async def ask(prompt: str) -> AsyncIterator[str]:
        for chunk in CHUNKS:
            yield chunk

    shown = []

    async def read() -> None:
        async for text in ask("Tell me"):
            shown.append(text)

    with pytest.raises(Blocked) as caught:
        await read()
    assert "rotten" not in "".join(shown)
    assert "".join(shown).startswith(CHUNKS[0])
    assert caught.value.verdict.rounds[0].action is Action.REGENERATE


async def test_leaving_an_async_stream_early_closes_the_function(guard: Guard) -> None:
    closed = []

    @protect(guard=guard)
    async def ask(prompt: str) -> AsyncIterator[str]:
        try:
            for chunk in ["One plain sentence stands here. ", "Another sentence. " * 20]:
                yield chunk
        finally:
            closed.append(True)

    stream = ask("Tell me")
    assert await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert closed


@pytest.mark.parametrize("answer", ["apples", "dreadful"])
def test_the_same_exchange_gives_the_verdict_of_check_to_the_byte(guard: Guard, answer: str) -> None:
    seen: list[Verdict] = []
    ask = protect(guard=guard, on_block="return", on_verdict=seen.append)(lambda prompt: answer)
    ask("Tell me")
    assert [verdict.to_json() for verdict in seen] == [guard.check("Tell me", response=answer).to_json()]


async def test_whoever_asks_is_told_of_every_verdict(guard: Guard) -> None:
    seen: list[Verdict] = []

    @protect(guard=guard, on_block="return", on_verdict=seen.append)
    async def awaited(prompt: str) -> str:
        return "apples"

    @protect(guard=guard, on_block="return", on_verdict=seen.append)
    def streamed(prompt: str) -> Iterator[str]:
        yield "apples"

    @protect(guard=guard, on_block="return", on_verdict=seen.append)
    async def both(prompt: str) -> AsyncIterator[str]:
        yield "apples"

    await awaited("Tell me")
    assert "".join(streamed("Tell me")) == "apples"
    assert [text async for text in both("dreadful")] != []
    assert [verdict.action for verdict in seen] == [Action.ALLOW, Action.ALLOW, Action.REFUSE]


@pytest.mark.parametrize(
    "make",
    [
        lambda: protect(lambda: "x"),
        lambda: protect(input="nobody")(lambda prompt: "x"),
        lambda: protect(on_block="explode")(lambda prompt: "x"),  # type: ignore[call-overload]
        lambda: protect(policy="nowhere")(lambda prompt: "x"),
    ],
)
def test_a_mistake_shows_when_the_function_is_decorated(make: Any) -> None:
    with pytest.raises(ConfigError):
        make()


def test_a_result_without_text_is_an_error_and_is_not_let_through(guard: Guard) -> None:
    with pytest.raises(InputError, match="output="):
        protect(guard=guard)(lambda prompt: 7)("Tell me")


def test_a_person_at_risk_gets_an_answer_with_help_lines_where_the_policy_says_so() -> None:
    policy = parse_policy("version: 1\nname: p\nextends: default\nblock: {support_mode: answer, support: Call us.}\n")
    notes: list[str | None] = []

    with Guard(policy, FakeClassifier({"hopeless": scores(sensitive=0.99)})) as guard:

        @protect(guard=guard)
        def ask(prompt: str, guidance: str | None = None) -> str:
            notes.append(guidance)
            return "I am glad you told me."

        @protect(guard=guard)
        def tell(prompt: str) -> Iterator[str]:
            yield "I am glad you told me."

        assert ask("It is hopeless.") == "I am glad you told me.\n\nCall us."
        assert "may be at risk" in (notes[0] or "")
        assert "".join(tell("It is hopeless.")) == "I am glad you told me.\n\nCall us."


MASKS = "version: 1\nextends: default\npii: {kinds: [email]}\n"


def test_personal_data_is_a_placeholder_to_the_function_and_itself_to_the_caller() -> None:
    asked: list[str] = []
    with Guard(parse_policy(MASKS), FakeClassifier()) as guard:

        @protect(guard=guard)
        def ask(prompt: str) -> str:
            asked.append(prompt)
            return f"I have written to {prompt.split()[-1]}"

        @protect(guard=guard)
        def tell(prompt: str) -> Iterator[str]:
            asked.append(prompt)
            yield f"I have written to {prompt.split()[-1]} today."

        assert ask("Write to bob@example.org") == "I have written to bob@example.org"
        assert "".join(tell("Write to bob@example.org")) == "I have written to bob@example.org today."
    assert asked == ["Write to [EMAIL_1]"] * 2
