"""Everything that an exchange was told, in order: enough to run it again and come to the same verdict, to the byte."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Part
from ..models.content import Text as TextPart
from ..models.errors import InputError
from .effects import Consult, Consulted, Delta, Effect, End, Finish, Generate, Judge, Read, Reply
from .loop import Steps, Terms, exchange
from .weigh import Rules


class Judgement(msgspec.Struct, frozen=True, tag="judged", tag_field="of"):
    """What the classifiers said."""

    assessments: tuple[Assessment, ...]


class Text(msgspec.Struct, frozen=True, tag="delta", tag_field="of"):
    """What upstream said."""

    delta: Delta


class Ended(msgspec.Struct, frozen=True, tag="end", tag_field="of"):
    """How upstream ended."""

    end: End


class Helped(msgspec.Struct, frozen=True, tag="consulted", tag_field="of"):
    """What a helper model said."""

    consulted: Consulted


Told: TypeAlias = Judgement | Text | Ended | Helped


class Looked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The text that was judged last at a place of a round (0: the prompt), and what it is about where that was told.

    `reader` is the digest of the model that told it: another one's vectors say nothing to it.
    """

    round: int
    path: str
    text: str
    meaning: bytes = b""
    reader: str = ""


class Tape(msgspec.Struct, kw_only=True):
    """An exchange on record: what it was about, on which terms, and every reply; it holds content.

    `looked` are the texts that were judged, for the lists of other policies to be tried on; filled at the end.
    `clock` are the readings of the clock that budgets were held against, in seconds.
    """

    prompt: tuple[Part, ...]
    answers: bool
    given: bool
    streams: bool
    speculates: bool
    continues: bool
    deadline: float | None
    language: str
    told: list[Told] = []
    clock: list[float] = []
    looked: list[Looked] = []


class Heard(msgspec.Struct, kw_only=True):
    """What a tape is made of while it runs, and the parts that were judged: those of the prompt and of each round."""

    tape: Tape
    judged: list[tuple[int, Part, Assessment]] = []
    looked: dict[tuple[int, str], Looked] = {}
    round: int = 0
    finish: Finish | None = None


def taped(terms: Terms, prompt: Sequence[Part]) -> TapedSteps:
    """The steps of an exchange with a tape that fills as they are taken."""
    heard = Heard(
        tape=Tape(
            prompt=tuple(prompt),
            answers=terms.answers,
            given=terms.given,
            streams=terms.streams,
            speculates=terms.speculates,
            continues=terms.continues,
            deadline=terms.deadline,
            language=terms.language,
        )
    )

    def now() -> float:
        reading = terms.now()
        heard.tape.clock.append(reading)
        return reading

    return TapedSteps(_steps(msgspec.structs.replace(terms, now=now), prompt, heard), heard)


class TapedSteps(msgspec.Struct, frozen=True):
    """Steps, and what is heard of them."""

    steps: Steps
    heard: Heard


def replay(tape: Tape, rules: Rules) -> Finish:
    """Run a taped exchange again; InputError where these rules ask for something that was never told."""
    readings = iter(tape.clock)
    last = time.monotonic()

    def now() -> float:
        nonlocal last
        last = next(readings, last)
        return last

    terms = Terms(
        rules=rules,
        answers=tape.answers,
        given=tape.given,
        streams=tape.streams,
        speculates=tape.speculates,
        continues=tape.continues,
        deadline=tape.deadline,
        language=tape.language,
        now=now,
    )
    steps, told = exchange(terms, tape.prompt), iter(tape.told)
    reply: Reply = None
    try:
        while True:
            effect = steps.send(reply)
            reply = _reply(next(told, None), effect) if isinstance(effect, (Judge, Read, Consult)) else None
    except StopIteration as stop:
        finish: Finish = stop.value
        return finish
    finally:
        steps.close()


def _steps(terms: Terms, prompt: Sequence[Part], heard: Heard) -> Steps:
    steps = exchange(terms, prompt)
    reply: Reply = None
    try:
        while True:
            effect = steps.send(reply)
            reply = yield effect
            _hear(heard, terms.rules, effect, reply)
    except StopIteration as stop:
        finish: Finish = stop.value
        heard.finish = finish
        heard.tape.looked = list(heard.looked.values())
        return finish
    finally:
        steps.close()


def _hear(heard: Heard, rules: Rules, effect: Effect, reply: Reply) -> None:
    told = heard.tape.told
    match effect:
        case Generate(round=number):
            heard.round = number
        case Judge(parts=parts):
            assert isinstance(reply, tuple)
            told.append(Judgement(reply))
            for part, found in zip(parts, reply, strict=True):
                heard.judged.append((_round(heard, part), part, found))
                if isinstance(part, TextPart):
                    heard.looked[_round(heard, part), part.path] = _looked(heard, rules, part, found)
        case Read():
            assert isinstance(reply, (Delta, End))
            told.append(Text(reply) if isinstance(reply, Delta) else Ended(reply))
        case Consult():
            assert isinstance(reply, Consulted)
            told.append(Helped(reply))


def _looked(heard: Heard, rules: Rules, part: TextPart, found: Assessment) -> Looked:
    meaning = found.meaning if isinstance(found, Assessed) else b""
    reader = rules.reader.digest if meaning and rules.reader is not None else ""
    return Looked(round=_round(heard, part), path=part.path, text=part.text, meaning=meaning, reader=reader)


def _round(heard: Heard, part: Part) -> int:
    """The round whose answer a part belongs to; 0 for the prompt, also where upstream was asked ahead."""
    return max(1, heard.round) if part.path.startswith("response[") else 0


def _reply(told: Told | None, effect: Effect) -> Reply:
    match told, effect:
        case Judgement(assessments=assessments), Judge(parts=parts) if len(parts) == len(assessments):
            return assessments
        case Text(delta=delta), Read():
            return delta
        case Ended(end=end), Read():
            return end
        case Helped(consulted=consulted), Consult():
            return consulted
    wanted = type(effect).__name__.lower()
    raise InputError(f"the record cannot be replayed under this policy: it asks to {wanted} what was not recorded")
