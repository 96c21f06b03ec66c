"""One answer, read piece by piece."""

from __future__ import annotations

from headgate.guard.answer import Draw, Reading, read_answer
from headgate.guard.effects import Cancel, Channel, Delta, Effect, End, Event, Judge, Read, Release
from headgate.policies.verdict import Action

from .dialogue import by_word, rules


def read(events: list[Event], **more: bool) -> tuple[Reading, list[Effect]]:
    draw = Draw(rules=rules(), round=1, question="Apples?", release=more.pop("release", True), **more)
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
                reply = tuple(by_word(part) for part in parts)
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
    assert kinds == [Judge, Release, Judge, Judge, Release]


def test_a_rejected_piece_stops_the_reading_and_is_not_released() -> None:
    reading, effects = read(content("A first rotten sentence, long enough. ", "Never read."))
    assert reading.rejected
    assert not reading.whole
    assert reading.exposed == 0
    assert isinstance(effects[-1], Cancel)
    assert not any(isinstance(effect, Release) for effect in effects)


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
