"""Which strategy comes when, and what it falls back to."""

from __future__ import annotations

import pytest

from headgate.guard.effects import Channel, Consult, Consulted, Delta, Event, Generate
from headgate.guard.loop import Terms
from headgate.models.content import Text
from headgate.policies.verdict import Action

from .dialogue import Dialogue, converse, rules, texts

ASK = (Text(text="Tell me about apples.", path="messages[0].content"),)
SERVICES = (
    "services: {corrector: {url: 'http://localhost:1', model: m}, rewriter: {url: 'http://localhost:1', model: m}}\n"
)


def play(regenerate: str, *answers: str, more: str = SERVICES, said: str | None = "Apples are fruit.") -> Dialogue:
    policy = f"version: 1\nname: c\nextends: default\nregenerate: {{{regenerate}}}\n{more}"

    def consult(request: Consult) -> Consulted:
        return Consulted(text=said, tokens=3, fault=None if said else "timeout")

    def draw(request: Generate) -> list[Event]:
        return texts(answers[min(request.round, len(answers)) - 1])

    return converse(ASK, draw, consult=consult, terms=Terms(rules=rules(policy)))


def named(dialogue: Dialogue) -> list[str]:
    return [found.strategy for found in dialogue.finish.verdict.rounds]


def test_the_kth_regeneration_uses_the_kth_strategy_and_the_last_one_repeats() -> None:
    dialogue = play("strategy: [blind, guideline, critique_refine], rounds: 5", "rotten")
    assert named(dialogue) == ["request", "blind", "guideline", "critique_refine", "critique_refine"]
    assert [bool(draw.guidance) for draw in dialogue.draws] == [False, False, True, True, True]
    assert [len(draw.turns) for draw in dialogue.draws] == [0, 0, 0, 2, 2]
    assert dialogue.finish.delivery == "refused"
    assert "rotten" not in repr(dialogue.draws)


def test_the_correctors_text_is_judged_and_delivered_in_the_answers_place() -> None:
    dialogue = play("strategy: corrector", "This is rotten.")
    assert named(dialogue) == ["request", "corrector"]
    assert len(dialogue.draws) == 1
    assert (dialogue.finish.delivery, dialogue.finish.round, dialogue.finish.text) == (
        "delivered",
        2,
        "Apples are fruit.",
    )
    assert "Tell me about apples. | This is rotten." in dialogue.consults[0].prompt


def test_a_corrector_that_changes_nothing_is_one_more_rejected_answer() -> None:
    dialogue = play("strategy: [corrector, guideline]", "This is rotten.", "A.", "A.", said="This is rotten.")
    assert named(dialogue) == ["request", "corrector", "guideline"]
    assert dialogue.finish.delivery == "delivered"
    assert dialogue.finish.text is None


@pytest.mark.parametrize(("more", "asked"), [("", 0), (SERVICES, 1)])
def test_a_corrector_that_is_not_there_or_fails_gives_way_to_the_guideline(more: str, asked: int) -> None:
    strategy = "corrector" if more else "guideline"
    dialogue = play(f"strategy: {strategy}", "This is rotten.", "Fine.", more=more, said=None)
    assert named(dialogue) == ["request", "guideline"]
    assert len(dialogue.consults) == asked
    assert dialogue.draws[1].guidance


def test_an_answer_to_be_corrected_goes_to_the_corrector_before_the_chain() -> None:
    more = "output: {moderate: correct}\n" + SERVICES
    good = play("strategy: blind", "This is rotten.", more=more)
    assert named(good) == ["request", "corrector"]
    assert good.finish.verdict.action is Action.CORRECT
    bad = play("strategy: [blind, guideline], rounds: 4", "rotten", more=more, said="Still rotten.")
    assert named(bad) == ["request", "corrector", "blind", "corrector"]
    assert bad.finish.delivery == "refused"


def test_a_prompt_is_rewritten_judged_and_asked() -> None:
    dialogue = play("strategy: rewrite_prompt", "rotten", "Fine.", said="Tell me kindly about apples.")
    assert named(dialogue) == ["request", "rewrite_prompt"]
    assert dialogue.draws[1].prompt == "Tell me kindly about apples."
    assert [(part.path, part.text) for part in dialogue.finish.rewrites] == [
        ("rewrite[2]", "Tell me kindly about apples.")
    ]
    assert "rewrite[2]" in {part.path for part in dialogue.judged}


@pytest.mark.parametrize("said", ["something dreadful", "UNCHANGED", None])
def test_a_rewritten_prompt_that_is_refused_unchanged_or_missing_is_not_asked(said: str | None) -> None:
    dialogue = play("strategy: rewrite_prompt", "rotten", "Fine.", said=said)
    assert named(dialogue) == ["request", "guideline"]
    assert dialogue.draws[1].prompt is None
    assert dialogue.finish.rewrites == ()


def test_a_corrector_is_not_asked_about_tool_calls_or_several_choices() -> None:
    policy = f"version: 1\nname: c\nextends: default\nregenerate: {{strategy: corrector}}\n{SERVICES}"
    for channel in (Channel(0, "tool_call"), Channel(1)):

        def draw(request: Generate, channel: Channel = channel) -> list[Event]:
            return [*texts("Fine."), Delta(channel, "rotten" if request.round == 1 else "fine")]

        dialogue = converse(ASK, draw, terms=Terms(rules=rules(policy)))
        assert dialogue.consults == []
        assert named(dialogue) == ["request", "guideline"]


def test_parallel_draws_candidates_at_once_in_each_regeneration() -> None:
    policy = "version: 1\nname: p\nextends: default\nregenerate: {strategy: guideline, parallel: 3}\n"

    def draw(request: Generate) -> list[Event]:
        return [Delta(Channel(n), "rotten" if n != 1 or request.round < 2 else "fine") for n in range(request.n or 1)]

    dialogue = converse(ASK, draw, terms=Terms(rules=rules(policy)))
    assert [found.n for found in dialogue.draws] == [None, 3]
    assert (dialogue.finish.round, dialogue.finish.choice) == (2, 1)


def test_the_critique_says_with_which_sentence_the_trouble_begins() -> None:
    answer = "Apples are fruit and grow on trees. They are red or green or both. This one is rotten to the core."
    dialogue = play("strategy: critique_refine", answer, "Apples are fruit.")
    ((_, _), (_, critique)) = dialogue.draws[1].turns
    assert "in the answer from sentence 2 on" in critique
    assert "rotten" not in critique
