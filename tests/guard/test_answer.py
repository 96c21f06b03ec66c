"""One answer, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.guard.answer import Reading, read_answer
from headgate.guard.effects import (
    Cancel,
    Channel,
    Consult,
    Consulted,
    Delta,
    Effect,
    End,
    Event,
    Judge,
    Read,
    Release,
)
from headgate.guard.progress import Draw
from headgate.models.assessment import Assessment, Unjudged
from headgate.models.content import Part
from headgate.models.fakes import scores
from headgate.policies.verdict import Action

from .dialogue import by_word, rules


def read(events: list[Event], **more: Any) -> tuple[Reading, list[Effect]]:
    policy = more.pop("policy", "version: 1\nname: plain\nextends: default\n")
    judge = more.pop("judge", by_word)
    consult = more.pop("consult", None)
    draw = Draw(rules=rules(policy), round=1, question="Apples?", release=more.pop("release", True), **more)
    steps = read_answer(draw)
    coming = iter([*events, End(tokens=7)])
    effects: list[Effect] = []
    reply: object = None
    while True:
        try:
            effect = steps.send(reply)  # type: ignore[arg-type]
        except StopIteration as stop:
            return stop.value, effects
        effects.append(effect)
        match effect:
            case Read():
                reply = next(coming)
            case Judge(parts=parts):
                reply = tuple(judge(part) for part in parts)
            case Consult():
                reply = consult(effect)
            case _:
                reply = None


def content(*texts: str) -> list[Event]:
    return [Delta(Channel(), text) for text in texts]


def test_an_answer_in_one_piece_is_judged_once() -> None:
    reading, effects = read(content("Short."))
    judged = [part for effect in effects if isinstance(effect, Judge) for part in effect.parts]
    assert [(part.path, part.context) for part in judged] == [("response[0].content", "Apples?")]
    assert reading.whole
    assert reading.tokens == 7


def test_the_last_piece_leaves_only_after_the_whole_was_judged() -> None:
    _, effects = read(content("A first sentence that is long enough. ", "And the last."))
    kinds = [type(effect) for effect in effects if not isinstance(effect, Read)]
    assert kinds == [Judge, Release, Judge, Release]
    whole = "A first sentence that is long enough. And the last."
    last = [effect for effect in effects if isinstance(effect, Judge)][-1]
    assert whole in {getattr(part, "text", "") for part in last.parts}


def test_a_rejected_piece_stops_the_reading_and_is_not_released() -> None:
    at_once = "version: 1\nname: d\nextends: default\nstream: {debounce: 1}\n"
    reading, effects = read(content("A first rotten sentence, long enough. ", "Never read."), policy=at_once)
    assert reading.rejected
    assert not reading.whole
    assert reading.exposed == 0
    assert isinstance(effects[-1], Cancel)
    assert not any(isinstance(effect, Release) for effect in effects)


def test_an_answer_of_which_nothing_is_shown_is_read_to_its_end_and_judged_at_once() -> None:
    reading, effects = read(content("A first rotten sentence, long enough. ", "And the last."), release=False)
    judged = [effect for effect in effects if isinstance(effect, Judge)]
    assert [type(effect) for effect in effects] == [Read, Read, Read, Judge]
    assert len(judged[0].parts) == 3
    assert reading.rejected
    assert reading.tokens == 7


def test_reading_on_after_a_rejection_when_asked_for_the_whole_picture() -> None:
    reading, _ = read(content("A first rotten sentence, long enough. ", "And dreadful."), complete=True, release=False)
    assert reading.whole
    assert reading.rejected
    assert reading.decision.action is Action.REFUSE


def test_cost_is_linear_in_the_answer() -> None:
    def characters(sentences: int) -> int:
        _, effects = read(content(*["A plain sentence about apples and pears. "] * sentences))
        return sum(len(getattr(part, "text", "")) for e in effects if isinstance(e, Judge) for part in e.parts)

    small, large = characters(50), characters(500)
    assert large / small < 11


def test_reasoning_is_shown_before_the_answer_that_follows_it() -> None:
    thought = Channel(0, "reasoning")
    _, effects = read([Delta(thought, "Short thought."), Delta(Channel(), "A first sentence that is long enough. B")])
    shown = [effect.channel.kind for effect in effects if isinstance(effect, Release)]
    assert shown == ["reasoning", "content", "content"]


def policy(stream: str) -> str:
    return f"version: 1\nname: s\nextends: default\nstream: {{{stream}}}\n"


SENTENCE = (
    "A plain sentence about apples, pears and plums stands here, and it is as long as it has to be for a cut. " * 3
)


class Seen(list[Any]):
    """Judges by what the text holds: `quoted` is bad unless `wrong` follows."""

    def __call__(self, part: Part) -> Assessment:
        self.append(part)
        text = getattr(part, "text", "")
        bad = "quoted" in text and "wrong" not in text
        return scores(unsafe=0.9, severity=2, categories={"violence": 0.9}) if bad else by_word(part)


QUOTED = "They say the quoted thing is quite alright. "
RIGHTED = "But that is wrong, and this is why it is so, in a long enough sentence. "


def shown(effects: list[Effect]) -> str:
    return "".join(effect.text for effect in effects if isinstance(effect, Release))


def test_a_sentence_that_is_put_right_by_the_next_is_shown_and_stays_on_record() -> None:
    reading, effects = read(content(QUOTED, RIGHTED, SENTENCE), policy=policy("debounce: 2"), judge=Seen())
    assert not reading.rejected
    assert shown(effects) == QUOTED + RIGHTED + SENTENCE
    assert reading.decision.action is Action.FLAG
    assert [finding.category for finding in reading.decision.findings] == ["violence"]


def test_nothing_is_shown_while_a_sentence_waits_for_its_context() -> None:
    _, effects = read(content(QUOTED, RIGHTED, SENTENCE), policy=policy("debounce: 2"), judge=Seen())
    kinds = [type(effect) for effect in effects if not isinstance(effect, Read)]
    assert kinds[:3] == [Judge, Judge, Release]


def test_a_sentence_is_not_waited_for_where_the_policy_says_so() -> None:
    reading, effects = read(content(QUOTED, RIGHTED, SENTENCE), policy=policy("debounce: 1"), judge=Seen())
    assert reading.rejected
    assert shown(effects) == ""


def test_two_bad_sentences_in_a_row_end_it() -> None:
    bad = "This one is rotten, and it is a long enough sentence for a piece. "
    reading, effects = read(content(bad, bad, bad, SENTENCE, "end"), policy=policy("debounce: 2"))
    assert reading.rejected
    assert not reading.whole
    assert isinstance(effects[-1], Cancel)


@pytest.mark.parametrize("debounce", [1, 2, 5])
def test_a_severe_or_unjudged_sentence_is_never_waited_out(debounce: int) -> None:
    severe = "This one is dreadful, and it is a long enough sentence for a piece. "
    reading, _ = read(content(severe, SENTENCE), policy=policy(f"debounce: {debounce}"))
    assert (reading.rejected, reading.whole) == (True, False)

    def unjudged(part: Part) -> Assessment:
        return Unjudged(reason="deadline") if "dreadful" in getattr(part, "text", "") else scores()

    reading, _ = read(content(severe, SENTENCE), policy=policy(f"debounce: {debounce}"), judge=unjudged)
    assert (reading.rejected, reading.whole) == (True, False)


def test_a_bad_sentence_whose_context_is_bad_too_ends_it() -> None:
    reading, _ = read(content("A rotten sentence, long enough. ", SENTENCE, SENTENCE), policy=policy("debounce: 2"))
    assert reading.rejected


def test_reasoning_that_waits_is_decided_when_the_answer_begins() -> None:
    thought = Channel(0, "reasoning")
    events = [Delta(thought, QUOTED + "So"), Delta(Channel(), SENTENCE * 2)]
    reading, effects = read(events, policy=policy("debounce: 2"), judge=Seen())
    assert reading.rejected
    assert shown(effects) == ""


def correcting(text: str | None) -> Callable[[Consult], Consulted]:
    return lambda request: Consulted(text=text, tokens=11, fault=None if text else "timeout")


CORRECTED = "version: 1\nname: s\nextends: default\nstream: {debounce: 1}\n"
BAD = "  The second one is rotten, and it is a long enough sentence for a piece.\n\n"
FIRST = "The first sentence is a plain one.\n"


def test_a_flagged_sentence_is_replaced_and_its_separators_are_kept() -> None:
    events = content(FIRST, BAD, SENTENCE)
    reading, effects = read(events, policy=CORRECTED, corrections=1, consult=correcting("All is well."))
    assert shown(effects) == FIRST + BAD.replace(BAD.strip(), "All is well.") + SENTENCE
    assert not reading.rejected
    assert (reading.corrected, reading.helper_tokens) == (1, 11)
    (asked,) = [effect for effect in effects if isinstance(effect, Consult)]
    assert asked.prompt.startswith("##Question: Apples? | ##Answer_Prefix: The first sentence is a plain one.")
    whole = [part for effect in effects if isinstance(effect, Judge) for part in effect.parts][-1]
    assert whole.text == shown(effects)


@pytest.mark.parametrize("said", [None, "Still rotten.", "dreadful", ""])
def test_a_correction_that_fails_or_is_no_better_leaves_the_sentence_rejected(said: str | None) -> None:
    reading, effects = read(content(FIRST, BAD, SENTENCE), policy=CORRECTED, corrections=1, consult=correcting(said))
    assert reading.rejected
    assert shown(effects).strip() == FIRST.strip()


def test_no_more_sentences_are_corrected_than_allowed() -> None:
    events = content(FIRST, BAD, SENTENCE, BAD, SENTENCE)
    reading, effects = read(events, policy=CORRECTED, corrections=1, consult=correcting("All is well."))
    assert reading.rejected
    assert sum(isinstance(effect, Consult) for effect in effects) == 1


def test_after_a_correction_upstream_is_to_go_on_from_it_where_it_can() -> None:
    events = content(FIRST, BAD, SENTENCE)
    more = {"corrections": 1, "resumes": True, "consult": correcting("All is well.")}
    reading, effects = read(events, policy=CORRECTED, **more)
    assert reading.resumes
    assert reading.shown == shown(effects) == FIRST + BAD.replace(BAD.strip(), "All is well.")
    assert sum(isinstance(effect, Cancel) for effect in effects) == 1


def test_a_corrector_that_ends_the_answer_is_obeyed() -> None:
    said = "CORRECTION: [[All is well.]] EOS: [[TRUE]]"
    reading, effects = read(content(FIRST, BAD, SENTENCE), policy=CORRECTED, corrections=1, consult=correcting(said))
    assert shown(effects) == FIRST + BAD.replace(BAD.strip(), "All is well.")
    assert reading.whole
    assert not reading.rejected
    assert sum(isinstance(effect, Cancel) for effect in effects) == 1


def test_a_continued_answer_is_judged_with_what_it_continues() -> None:
    reading, effects = read(content("  and so it", " goes on."), prefix="It begins here, ")
    judged = [part.text for effect in effects if isinstance(effect, Judge) for part in effect.parts]
    assert judged == ["It begins here, and so it goes on.", "It begins here, and so it goes on."]
    assert shown(effects) == "and so it goes on."
    assert reading.shown == "It begins here, and so it goes on."


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(1, 40), max_size=12), st.integers(0, 60), st.integers(0, 6))
def test_no_more_unjudged_characters_are_out_than_the_policy_exposes(cuts: list[int], exposed: int, bad: int) -> None:
    sentences = ["A plain sentence about apples is here. "] * 6
    sentences.insert(bad, "This rotten sentence is a bad one here. ")
    text, events = "".join(sentences), []
    for size in [*cuts, 400]:
        events, text = [*events, *content(text[:size])], text[size:]
    reading, effects = read(
        [event for event in events if isinstance(event, Delta) and event.text],
        policy=policy(f"max_exposed_chars: {exposed}, debounce: 1"),
    )
    out, good = 0, 0
    for effect in effects:
        if isinstance(effect, Judge):
            last = effect
        elif isinstance(effect, Release):
            out += len(effect.text)
    good = sum(len(sentence) for sentence in sentences[:bad])
    assert "".join(sentences).startswith(shown(effects))
    assert out == reading.exposed <= good + exposed
    assert isinstance(last, Judge)


@pytest.mark.parametrize("tokens", [100, 1_000, 10_000])
def test_what_is_judged_of_a_stream_grows_with_the_answer(tokens: int) -> None:
    text = ("A plain sentence about apples, and more of it. " * (tokens * 4 // 47 + 1))[: tokens * 4]
    _, effects = read(content(*(text[at : at + 5] for at in range(0, len(text), 5))))
    judged = [part for effect in effects if isinstance(effect, Judge) for part in effect.parts]
    assert shown(effects) == text
    assert sum(len(part.text) for part in judged) <= 2.5 * len(text) + 100
    assert len(judged) <= 6 + len(text) / 240
