"""The loop, read as dialogues: what it asks for and how it ends."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.closed_form import expected
from headgate.guard.effects import Cancel, Channel, Consulted, Delta, Event, Generate, Judge, Release
from headgate.guard.loop import Terms
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Part, Role, Text
from headgate.models.fakes import scores
from headgate.policies.verdict import DELIVERS, Action

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


class Clock:
    """Time that passes with each draw."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def answering(self, answer: str, *, seconds: float = 1.0):
        def draw(_: Generate) -> list[Event]:
            self.now += seconds
            return texts(answer)

        return draw


@pytest.mark.parametrize(
    ("budget", "draws"),
    [
        ("seconds: 2.5, tokens: null", 3),
        ("seconds: null, tokens: 6", 2),
        ("seconds: null, tokens: null, money: 0.000012, price: {output: 1}", 4),
        ("seconds: null, tokens: null, money: 0.000010, price: {input: 1}", 2),
    ],
)
def test_the_budget_of_seconds_tokens_and_money_is_kept(budget: str, draws: int) -> None:
    clock = Clock()
    policy = f"version: 1\nname: b\nextends: default\nregenerate: {{rounds: 9, budget: {{{budget}}}}}\n"
    dialogue = converse(ASK, clock.answering("This is rotten."), terms=Terms(rules=rules(policy), now=clock))
    assert len(dialogue.draws) == draws


def test_a_round_that_would_outlast_the_callers_deadline_is_not_begun() -> None:
    clock = Clock()
    terms = Terms(rules=rules(), now=clock, deadline=3.5)
    dialogue = converse(ASK, clock.answering("This is rotten."), terms=terms)
    assert len(dialogue.draws) == 3
    assert clock.now <= 3.5


@pytest.mark.parametrize(("prompt", "draws"), [("Tell me.", 4), ("rotten", 2)])
def test_rounds_are_capped_by_the_prompts_own_risk(prompt: str, draws: int) -> None:
    policy = "version: 1\nname: c\nextends: default\nregenerate: {rounds: 4, rounds_when: {guideline: 2}}\n"
    ask = (Text(text=prompt, path="messages[0].content"),)
    assert len(converse(ask, answering("This is rotten."), terms=Terms(rules=rules(policy))).draws) == draws


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
    late = ["And the next one is " * 7, "rotten. ", "A rotten one follows it here, longer than the one before. " * 3]
    dialogue = converse(ASK, lambda _: texts(good, *late, "More. ", "Yet more."), streams=True)
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


AHEAD = "version: 1\nname: a\nextends: default\nspeculate: true\n"


def test_upstream_is_asked_before_the_prompt_is_judged_where_the_policy_says_so() -> None:
    dialogue = converse(ASK, answering("Apples are fruit."), terms=Terms(rules=rules(AHEAD), speculates=True))
    assert [type(effect) for effect in dialogue.effects[:2]] == [Generate, Judge]
    assert len(dialogue.draws) == 1
    assert dialogue.finish.delivery == "delivered"


@pytest.mark.parametrize(("policy", "speculates"), [(AHEAD, False), (AHEAD.replace("true", "false"), True)])
def test_it_takes_the_policy_and_the_source_to_go_ahead(policy: str, speculates: bool) -> None:
    dialogue = converse(ASK, answering("Fine."), terms=Terms(rules=rules(policy), speculates=speculates))
    assert [type(effect) for effect in dialogue.effects[:2]] == [Judge, Generate]


@pytest.mark.parametrize(("word", "draws"), [("dreadful", 1), ("rotten", 2)])
def test_what_was_asked_ahead_is_cancelled_when_the_prompt_is_refused_or_steered(word: str, draws: int) -> None:
    prompt = (Text(text=word, path="messages[0].content"),)
    terms = Terms(rules=rules(AHEAD), speculates=True, streams=True)
    dialogue = converse(prompt, answering("Apples are fruit."), terms=terms)
    assert [type(effect) for effect in dialogue.effects[:3]] == [Generate, Judge, Cancel]
    assert len(dialogue.draws) == draws
    assert dialogue.shown == ("Apples are fruit." if draws == 2 else "")
    assert len(dialogue.finish.verdict.rounds) == draws - 1


def test_a_request_with_a_part_that_could_be_masked_does_not_go_ahead() -> None:
    prompt = (*ASK, Text(text="A page.", role=Role.TOOL_RESULT, path="messages[1].content"))
    dialogue = converse(prompt, answering("Fine."), terms=Terms(rules=rules(AHEAD), speculates=True))
    assert isinstance(dialogue.effects[0], Judge)


PREFILL = "version: 1\nname: p\nextends: default\nstream: {prefill: true, debounce: 1}\nregenerate: {rounds: 3}\n"
START = "Here is a first sentence about apples. "
TURN = "This one is rotten, and it goes on for quite a while, as long as a piece has to be. More of it."


def test_a_stream_that_turns_bad_goes_on_from_what_was_shown_where_upstream_can() -> None:
    def answers(request: Generate) -> list[Event]:
        return texts(START, TURN[:4], TURN[4:]) if request.prefix is None else texts(" They are sweet.")

    terms = Terms(rules=rules(PREFILL), streams=True, continues=True)
    dialogue = converse(ASK, answers, terms=terms)
    assert dialogue.finish.delivery == "delivered"
    assert dialogue.shown == START + "They are sweet."
    assert [draw.prefix for draw in dialogue.draws] == [None, START.rstrip()]
    assert dialogue.draws[1].guidance
    assert dialogue.finish.exposed == len(dialogue.shown)
    assert dialogue.finish.verdict.action is Action.REGENERATE


@pytest.mark.parametrize(
    ("turn", "more", "continues"),
    [
        (TURN, PREFILL, False),
        (TURN, PREFILL.replace("prefill: true", "prefill: false"), True),
        (TURN.replace("rotten", "dreadful"), PREFILL, True),
        (TURN, PREFILL.replace("rounds: 3", "rounds: 1"), True),
        (TURN, PREFILL.replace("debounce", "max_exposed_chars: 9, debounce"), True),
    ],
)
def test_a_stream_that_cannot_go_on_is_cut(turn: str, more: str, continues: bool) -> None:
    terms = Terms(rules=rules(more), streams=True, continues=continues)
    dialogue = converse(ASK, lambda _: texts(START, turn[:4], turn[4:]), terms=terms)
    assert dialogue.finish.delivery == "cut"
    assert len(dialogue.draws) == 1


def test_a_continuation_that_is_bad_is_made_again_from_the_same_place_and_then_cut() -> None:
    terms = Terms(rules=rules(PREFILL), streams=True, continues=True)
    dialogue = converse(
        ASK, lambda r: texts(START, TURN[:4], TURN[4:]) if r.prefix is None else texts("rotten"), terms=terms
    )
    assert [draw.prefix for draw in dialogue.draws] == [None, START.rstrip(), START.rstrip()]
    assert dialogue.finish.delivery == "cut"
    assert dialogue.shown == START


def test_a_corrected_stream_goes_on_from_the_correction() -> None:
    policy = PREFILL.replace("prefill: true", "prefill: true, corrections: 2") + (
        "services: {corrector: {url: 'http://localhost:1', model: m}}\n"
    )
    terms = Terms(rules=rules(policy), streams=True, continues=True)
    dialogue = converse(
        ASK,
        lambda request: texts(START, TURN[:4], TURN[4:]) if request.prefix is None else texts("And that is all."),
        consult=lambda request: Consulted(text="This one is sweet."),
        terms=terms,
    )
    assert dialogue.shown == START + "This one is sweet. And that is all."
    assert [found.strategy for found in dialogue.finish.verdict.rounds] == ["request", "continue"]
    assert dialogue.finish.delivery == "delivered"


CHOICES = st.lists(
    st.tuples(
        st.sampled_from(
            [Channel(), Channel(0, "reasoning"), Channel(1), Channel(0, "tool_call"), Channel(0, "refusal")]
        ),
        st.sampled_from(
            ["A plain sentence about apples. ", "Something rotten this way comes. ", "dreadful ", "字。", "x", "\n\n"]
        ),
    ),
    max_size=14,
)
POLICIES = st.fixed_dictionaries(
    {
        "rounds": st.integers(1, 4),
        "strategy": st.lists(
            st.sampled_from(["blind", "guideline", "critique_refine", "corrector", "best_of_n", "rewrite_prompt"]),
            min_size=1,
            max_size=3,
        ),
        "parallel": st.integers(1, 2),
        "least_severe": st.booleans(),
        "debounce": st.integers(1, 3),
        "prefill": st.booleans(),
        "corrections": st.integers(0, 2),
        "exposed": st.sampled_from([0, 0, 7]),
        "speculate": st.booleans(),
        "moderate": st.sampled_from(["regenerate", "correct", "redact"]),
    }
)


def policy_of(drawn: dict[str, Any]) -> str:
    return (
        "version: 1\nname: p\nextends: default\n"
        f"output: {{moderate: {drawn['moderate']}}}\n"
        f"speculate: {str(drawn['speculate']).lower()}\n"
        f"regenerate: {{rounds: {drawn['rounds']}, strategy: [{', '.join(drawn['strategy'])}], "
        f"parallel: {drawn['parallel']}, least_severe: {str(drawn['least_severe']).lower()}}}\n"
        f"stream: {{debounce: {drawn['debounce']}, prefill: {str(drawn['prefill']).lower()}, "
        f"corrections: {drawn['corrections']}, max_exposed_chars: {drawn['exposed']}}}\n"
        "services: {corrector: {url: 'http://localhost:1', model: m},"
        " rewriter: {url: 'http://localhost:1', model: m}}\n"
    )


@settings(max_examples=150, deadline=None)
@given(
    POLICIES,
    st.lists(CHOICES, min_size=1, max_size=3),
    st.sampled_from(["Tell me.", "rotten", "dreadful"]),
    st.sampled_from([None, "A better text.", "Still rotten.", "dreadful", "EOS: [[TRUE]] Fine."]),
    st.booleans(),
)
def test_whatever_comes_rounds_are_bounded_answers_are_closed_and_there_is_one_end(
    drawn: dict[str, Any], answers: list[list[tuple[Channel, str]]], prompt: str, said: str | None, streams: bool
) -> None:
    def draw(request: Generate) -> list[Event]:
        return [Delta(channel, text) for channel, text in answers[(request.round - 1) % len(answers)]]

    dialogue = converse(
        (Text(text=prompt, path="messages[0].content"),),
        draw,
        consult=lambda request: Consulted(text=said, tokens=1),
        terms=Terms(rules=rules(policy_of(drawn)), streams=streams, speculates=True, continues=True),
    )
    finish = dialogue.finish
    assert len(finish.verdict.rounds) <= drawn["rounds"]
    assert len(dialogue.draws) <= drawn["rounds"] + 1
    if not drawn["exposed"]:
        assert "dreadful" not in dialogue.shown
    assert finish.exposed == len(dialogue.shown)
    if finish.delivery in ("refused", "supported"):
        assert dialogue.shown == ""
    if finish.delivery == "delivered" and not drawn["least_severe"]:
        assert finish.verdict.rounds[-1].action in DELIVERS
