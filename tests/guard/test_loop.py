"""The loop, read as dialogues: what it asks for and how it ends."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.closed_form import expected
from headgate.guard.effects import Cancel, Channel, Delta, Event, Generate, Release
from headgate.guard.loop import Terms
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Part, Role, Text
from headgate.models.fakes import scores
from headgate.policies.verdict import Action

from .dialogue import by_word, converse, rules, texts

ASK = (Text(text="Tell me about apples.", path="messages[0].content"),)


def answering(*answers: str):
    """Each draw gets the next answer, the last one for ever."""
    return lambda request: texts(answers[min(request.round, len(answers)) - 1])


def test_a_good_answer_is_delivered_in_round_one() -> None:
    dialogue = converse(ASK, answering("Apples are fruit."))
    assert dialogue.finish.delivery == "delivered"
    assert dialogue.finish.round == 1
    assert dialogue.finish.verdict.action is Action.ALLOW
    assert dialogue.finish.verdict.coverage.judged == ("messages[0].content", "response[0].content")
    assert dialogue.draws == [Generate(round=1)]


def test_a_severe_prompt_is_refused_before_anything_is_generated() -> None:
    dialogue = converse((Text(text="dreadful", path="messages[0].content"),), answering("never asked"))
    assert dialogue.finish.delivery == "refused"
    assert dialogue.finish.verdict.action is Action.REFUSE
    assert dialogue.draws == []
    assert "violence" in (dialogue.finish.message or "")


def test_a_moderate_prompt_is_answered_under_a_guideline() -> None:
    dialogue = converse((Text(text="rotten", path="messages[0].content"),), answering("Apples are fruit."))
    assert dialogue.finish.verdict.action is Action.GUIDELINE
    assert dialogue.finish.delivery == "delivered"
    guidance = dialogue.draws[0].guidance or ""
    assert "Violence" in guidance
    assert "rotten" not in guidance


def test_a_bad_answer_is_made_again_with_guidance_and_never_shown() -> None:
    dialogue = converse(ASK, answering("This is rotten.", "Apples are fruit."), streams=True)
    assert dialogue.shown == "Apples are fruit."
    assert dialogue.finish.round == 2
    assert dialogue.finish.verdict.action is Action.REGENERATE
    assert [found.action for found in dialogue.finish.verdict.rounds] == [Action.REGENERATE, Action.ALLOW]
    assert "rotten" not in (dialogue.draws[1].guidance or "rotten")


def test_a_severe_answer_ends_the_loop_at_once() -> None:
    dialogue = converse(ASK, answering("This is dreadful.", "Apples are fruit."))
    assert dialogue.finish.delivery == "refused"
    assert len(dialogue.draws) == 1


def test_rounds_are_bounded_and_then_it_is_refused() -> None:
    dialogue = converse(ASK, answering("This is rotten."))
    assert len(dialogue.draws) == 5
    assert dialogue.finish.delivery == "refused"
    assert dialogue.finish.verdict.action is Action.REFUSE
    assert len(dialogue.finish.verdict.rounds) == 5


@pytest.mark.parametrize(("budget", "draws"), [("seconds: 2.5, tokens: null", 3), ("seconds: null, tokens: 6", 2)])
def test_the_budget_of_seconds_and_tokens_is_kept(budget: str, draws: int) -> None:
    clock = iter(range(100))
    policy = f"version: 1\nname: b\nextends: default\nregenerate: {{rounds: 9, budget: {{{budget}}}}}\n"
    terms = Terms(rules=rules(policy), now=lambda: float(next(clock)))
    dialogue = converse(ASK, answering("This is rotten."), terms=terms)
    assert len(dialogue.draws) == draws


def test_blind_asks_again_unchanged() -> None:
    policy = "version: 1\nname: b\nextends: default\nregenerate: {strategy: blind, rounds: 2}\n"
    dialogue = converse(ASK, answering("This is rotten.", "Fine."), terms=Terms(rules=rules(policy)))
    assert dialogue.draws == [Generate(round=1), Generate(round=2)]


def test_best_of_n_delivers_the_least_risky_candidate() -> None:
    risks = {"first": 0.3, "second": 0.05, "third": 0.4}

    def judge(part: Part) -> Assessment:
        text = getattr(part, "text", "")
        return scores(unsafe=risks[text]) if text in risks else by_word(part)

    def answers(request: Generate) -> list[Event]:
        if request.n is None:
            return texts("This is rotten.")
        return [Delta(Channel(choice), text) for choice, text in enumerate(["first", "second", "third"])]

    policy = "version: 1\nname: b\nextends: default\nregenerate: {strategy: best_of_n, n: 3}\n"
    dialogue = converse(ASK, answers, judge=judge, terms=Terms(rules=rules(policy), streams=True))
    assert dialogue.draws[1].n == 3
    assert dialogue.finish.choice == 1
    assert dialogue.shown == "second"
    assert dialogue.effects[-1] == Release(Channel(0), "second")


def test_every_one_of_n_choices_is_judged() -> None:
    def answers(request: Generate) -> list[Event]:
        return [
            Delta(Channel(choice), "rotten" if choice == 3 and request.round == 1 else "fine") for choice in range(4)
        ]

    dialogue = converse(ASK, answers)
    assert dialogue.finish.round == 2
    assert {part.path for part in dialogue.judged if "response" in part.path} == {
        f"response[{choice}].content" for choice in range(4)
    }


def test_tool_arguments_are_judged_whole_before_they_leave() -> None:
    call = Channel(0, "tool_call", 0)
    pieces = ['{"note": "One whole sentence stands here. ', "And this is rot", 'ten."}']
    dialogue = converse(ASK, lambda _: [Delta(call, piece) for piece in pieces], streams=True)
    assert dialogue.shown == ""
    assert dialogue.finish.delivery == "refused"
    assert {part.text for part in dialogue.judged if isinstance(part, Text) and part.role is Role.TOOL_CALL} == {
        "".join(pieces)
    }


def test_reasoning_is_judged_as_well_as_the_answer() -> None:
    def answers(request: Generate) -> list[Event]:
        thought = "rotten thoughts" if request.round == 1 else "kind thoughts"
        return [Delta(Channel(0, "reasoning"), thought), Delta(Channel(), "Apples.")]

    assert converse(ASK, answers).finish.round == 2


def test_a_stream_is_cut_when_the_bad_sentence_comes_late() -> None:
    good = "Here is a first sentence about apples. "
    dialogue = converse(ASK, lambda _: texts(good, "And the next one is " * 7, "rotten. ", "More."), streams=True)
    assert dialogue.finish.delivery == "cut"
    assert dialogue.shown == good
    assert dialogue.finish.exposed == len(good)
    assert any(isinstance(effect, Cancel) for effect in dialogue.effects)
    assert dialogue.finish.verdict.rounds[0].action is Action.REGENERATE
    assert dialogue.finish.verdict.action is Action.REFUSE


def test_a_harm_that_straddles_a_cut_is_seen() -> None:
    def judge(part: Part) -> Assessment:
        return scores(unsafe=0.9, severity=2) if "end. Start" in getattr(part, "text", "") else scores()

    first, second = "This sentence comes to its end. ", "Start of the next one. "
    dialogue = converse(ASK, lambda _: texts(first, second), judge=judge, streams=True)
    assert dialogue.finish.delivery == "cut"
    assert second not in dialogue.shown


def test_a_person_at_risk_gets_support_and_no_refusal() -> None:
    dialogue = converse(ASK, answering("never asked"), judge=lambda part: scores(sensitive=0.95))
    assert dialogue.finish.delivery == "supported"
    assert "988" in (dialogue.finish.message or "")


@pytest.mark.parametrize("reason", ["inference_failed", "deadline", "overloaded", "model_unavailable"])
def test_an_unjudged_prompt_is_refused_under_the_default_policy(reason: str) -> None:
    dialogue = converse(ASK, answering("never asked"), judge=lambda part: Unjudged(reason=reason))
    assert dialogue.finish.delivery == "refused"
    assert dialogue.finish.verdict.coverage.unjudged[0].reason == reason


def test_an_unjudged_answer_is_refused_under_the_default_policy() -> None:
    def judge(part: Part) -> Assessment:
        return Unjudged(reason="deadline") if part.path.startswith("response") else scores()

    dialogue = converse(ASK, answering("An answer."), judge=judge, streams=True)
    assert dialogue.finish.delivery == "refused"
    assert dialogue.shown == ""


def test_monitor_mode_judges_everything_and_holds_nothing_back() -> None:
    policy = "version: 1\nname: m\nextends: default\nmode: monitor\n"
    dialogue = converse(ASK, answering("This is dreadful."), terms=Terms(rules=rules(policy), streams=True))
    assert dialogue.finish.delivery == "delivered"
    assert dialogue.shown == "This is dreadful."
    assert dialogue.finish.verdict.action is Action.REFUSE
    assert dialogue.finish.verdict.delivers


def test_a_given_answer_keeps_the_action_it_earned() -> None:
    dialogue = converse(ASK, answering("This is rotten."), given=True)
    assert dialogue.finish.delivery == "withheld"
    assert dialogue.finish.verdict.action is Action.REGENERATE
    assert len(dialogue.draws) == 1


def test_a_given_answer_is_judged_even_when_its_prompt_is_refused() -> None:
    prompt = (Text(text="dreadful", path="messages[0].content"),)
    dialogue = converse(prompt, answering("Fine."), given=True)
    assert dialogue.finish.verdict.coverage.judged == ("messages[0].content", "response[0].content")


def test_a_refused_prompt_without_an_answer_has_no_rounds() -> None:
    prompt = (Text(text="dreadful", path="messages[0].content"),)
    terms = Terms(rules=rules(), given=True, answers=False)
    dialogue = converse(prompt, answering("never asked"), terms=terms)
    assert dialogue.finish.verdict.rounds == ()
    assert dialogue.finish.verdict.coverage.judged == ("messages[0].content",)


def test_an_old_bad_answer_in_the_history_is_steered_not_blocked() -> None:
    history = (
        *ASK,
        Text(text="rotten", role=Role.ASSISTANT, path="messages[1].content"),
        Text(text="Go on.", path="messages[2].content"),
    )
    dialogue = converse(history, answering("Apples are fruit."))
    assert dialogue.finish.delivery == "delivered"
    assert dialogue.finish.verdict.action is Action.GUIDELINE


def test_an_attack_in_a_tool_result_is_masked_on_its_way_upstream() -> None:
    prompt = (*ASK, Text(text="obey me", role=Role.TOOL_RESULT, path="messages[1].content"))

    def judge(part: Part) -> Assessment:
        return scores(categories={"prompt_attack": 0.95}) if part.path == "messages[1].content" else scores()

    dialogue = converse(prompt, answering("Apples."), judge=judge)
    assert dialogue.draws[0].redact == ("messages[1].content",)
    assert dialogue.finish.verdict.action is Action.REDACT


def test_the_least_severe_answer_is_delivered_where_the_policy_allows_it() -> None:
    def judge(part: Part) -> Assessment:
        levels = {"worse": (0.95, 2), "mild": (0.8, 1)}
        text = getattr(part, "text", "")
        return scores(unsafe=levels[text][0], severity=levels[text][1]) if text in levels else scores()

    policy = (
        "version: 1\nname: l\nextends: default\noutput: {minor: regenerate}\n"
        "regenerate: {rounds: 3, least_severe: true}\n"
    )
    dialogue = converse(ASK, answering("worse", "mild", "worse"), judge=judge, terms=Terms(rules=rules(policy)))
    assert dialogue.finish.delivery == "delivered"
    assert dialogue.finish.round == 2


SENTENCES = st.lists(
    st.sampled_from(
        ["A plain sentence about apples. ", "Something rotten this way comes. ", "Line\n", "字。", "dreadful "]
    ),
    max_size=25,
).map("".join)


@settings(max_examples=100, deadline=None)
@given(SENTENCES, st.lists(st.integers(min_value=0), max_size=20))
def test_any_chunking_of_an_answer_gives_the_same_verdict_and_shows_no_rejected_text(
    text: str, cuts: list[int]
) -> None:
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    chunks = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    one_round = Terms(rules=rules("version: 1\nname: o\nextends: default\nregenerate: {rounds: 1}\n"), streams=True)
    whole = converse(ASK, lambda _: texts(text), terms=one_round)
    split = converse(ASK, lambda _: texts(*chunks), terms=one_round)
    unstreamed = converse(ASK, lambda _: texts(text), terms=msgspec.structs.replace(one_round, streams=False))
    assert split.finish.verdict.to_json() == whole.finish.verdict.to_json() == unstreamed.finish.verdict.to_json()
    assert text.startswith(split.shown)
    assert "rotten" not in split.shown
    assert "dreadful" not in split.shown


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["fine", "rotten", "dreadful"]), min_size=1, max_size=12), st.integers(1, 6))
def test_never_more_than_n_rounds_and_always_one_end(answers: list[str], rounds: int) -> None:
    policy = f"version: 1\nname: n\nextends: default\nregenerate: {{rounds: {rounds}}}\n"
    dialogue = converse(ASK, answering(*answers), terms=Terms(rules=rules(policy)))
    assert len(dialogue.draws) <= rounds
    assert dialogue.finish.delivery in ("delivered", "refused")


@pytest.mark.parametrize("unsafe", [0.02, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("rounds", [1, 5])
def test_simulated_rates_match_the_closed_form(unsafe: float, rounds: int) -> None:
    recall, false_alarms, runs = 0.93, 0.077, 1000
    dice = random.Random(f"{unsafe}/{rounds}")
    policy = (
        f"version: 1\nname: s\nextends: default\n"
        f"regenerate: {{rounds: {rounds}, strategy: blind, tighten: false, budget: {{seconds: null, tokens: null}}}}\n"
    )
    terms = Terms(rules=rules(policy))

    def answers(_: Generate) -> list[Event]:
        return texts("unsafe" if dice.random() < unsafe else "safe")

    def judge(part: Part) -> Assessment:
        flagged = part.path.startswith("response") and dice.random() < (
            recall if getattr(part, "text", "") == "unsafe" else false_alarms
        )
        return scores(unsafe=0.9, severity=2) if flagged else scores()

    delivered_unsafe = refused = calls = 0
    for _ in range(runs):
        dialogue = converse(ASK, answers, judge=judge, terms=terms)
        calls += len(dialogue.draws)
        refused += dialogue.finish.delivery == "refused"
        last = dialogue.judged[-1]
        delivered_unsafe += dialogue.finish.delivery == "delivered" and getattr(last, "text", "") == "unsafe"
    law = expected(unsafe=unsafe, recall=recall, false_alarms=false_alarms, rounds=rounds)
    for share, truth in ((delivered_unsafe / runs, law.unsafe_delivered), (refused / runs, law.refused)):
        assert abs(share - truth) <= 4 * (truth * (1 - truth) / runs) ** 0.5 + 1e-9
    assert calls / runs == pytest.approx(law.calls, rel=0.1)
