"""Runs the loop against scripted answers and scores: what it asked for, in order, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from headgate.guard.drive import nobody
from headgate.guard.effects import (
    Cancel,
    Consult,
    Consulted,
    Delta,
    Effect,
    End,
    Event,
    Finish,
    Generate,
    Judge,
    Read,
    Release,
)
from headgate.guard.loop import Terms, exchange
from headgate.guard.weigh import Rules
from headgate.models.assessment import Assessment
from headgate.models.content import Part
from headgate.models.fakes import scores
from headgate.policies.compile import parse_policy
from headgate.policies.compiled import CompiledPolicy
from headgate.policies.thresholds import resolve

BAD = "rotten"
WORSE = "dreadful"


def by_word(part: Part) -> Assessment:
    """Moderate violence where the text holds `rotten`, severe where it holds `dreadful`, else safe."""
    text = getattr(part, "text", "")
    if WORSE in text:
        return scores(unsafe=0.95, severity=3, categories={"violence": 0.95})
    if BAD in text:
        return scores(unsafe=0.9, severity=2, categories={"violence": 0.9})
    return scores()


class Dialogue(msgspec.Struct):
    """What happened: every effect but the reads, what was shown, and the end."""

    effects: list[Effect]
    shown: str
    finish: Finish

    @property
    def draws(self) -> list[Generate]:
        return [effect for effect in self.effects if isinstance(effect, Generate)]

    @property
    def consults(self) -> list[Consult]:
        return [effect for effect in self.effects if isinstance(effect, Consult)]

    @property
    def judged(self) -> list[Part]:
        return [part for effect in self.effects if isinstance(effect, Judge) for part in effect.parts]


def rules(policy: CompiledPolicy | str = "version: 1\nname: plain\nextends: default\n") -> Rules:
    compiled = parse_policy(policy) if isinstance(policy, str) else policy
    return Rules(policy=compiled, thresholds=resolve(compiled.thresholds), models=("fake@0",))


def converse(
    prompt: Sequence[Part],
    answers: Callable[[Generate], Sequence[Event]],
    *,
    judge: Callable[[Part], Assessment] = by_word,
    consult: Callable[[Consult], Consulted] = nobody,
    terms: Terms | None = None,
    **more: object,
) -> Dialogue:
    """Plays an exchange; `answers` gives the events of each draw (an End is added).

    Fails where an answer is opened while another is, is read when none is, or is left open at the end.
    """
    terms = terms or Terms(rules=rules(), **more)  # type: ignore[arg-type]
    steps = exchange(terms, prompt)
    effects: list[Effect] = []
    shown: list[str] = []
    events: Iterator[Event] = iter(())
    reply: object = None
    opened = False
    while True:
        try:
            effect = steps.send(reply)  # type: ignore[arg-type]
        except StopIteration as stop:
            assert not opened
            return Dialogue(effects=effects, shown="".join(shown), finish=stop.value)
        reply = None
        if not isinstance(effect, Read):
            effects.append(effect)
        match effect:
            case Judge(parts=parts):
                reply = tuple(judge(part) for part in parts)
            case Generate():
                assert not opened
                opened = True
                events = iter([*answers(effect), End()])
            case Read():
                assert opened
                reply = next(events)
                opened = not isinstance(reply, End)
            case Consult():
                reply = consult(effect)
            case Release(text=text):
                shown.append(text)
            case Cancel():
                assert opened
                opened = False


def texts(*chunks: str) -> list[Event]:
    from headgate.guard.effects import Channel

    return [Delta(Channel(), chunk) for chunk in chunks]
