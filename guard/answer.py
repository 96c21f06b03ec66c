"""Reads and judges one answer, piece by piece: the same path for a stream and for a whole answer; no I/O."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias

import msgspec

from ..models.assessment import Assessment
from ..models.content import Part
from ..policies.decide import Decision
from ..policies.verdict import DELIVERS, Action
from .effects import Cancel, Channel, Consulted, Delta, Effect, End, Event, Judge, Read, Reply
from .progress import FINAL, Draw, Held, Progress, Said
from .strategies.stream_aligner import Revision, may_correct, revised, revision
from .weigh import merged

_Effects: TypeAlias = Generator[Effect, Reply, None]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an answer: the decision, what was released of it, and its cost in tokens.

    `whole` is False where reading stopped before the end; `choice` is the candidate to deliver, if one passed. `shown`
    is the released content and what it continues; `continuable` says that upstream could go on from it, `resumes` that
    it is to. `corrected` sentences cost `helper_tokens`; `prompt_tokens` is None where upstream does not say.
    `sentence` is the number of the content's sentence with which the first rejected piece begins, None where none was.
    """

    decision: Decision
    rejected: bool
    whole: bool
    exposed: int = 0
    tokens: int = 0
    prompt_tokens: int | None = None
    helper_tokens: int = 0
    corrected: int = 0
    choice: int | None = None
    said: tuple[Said, ...] = ()
    given: str | None = None
    shown: str = ""
    continuable: bool = False
    resumes: bool = False
    sentence: int | None = None


class _Suspect(msgspec.Struct, frozen=True):
    held: Held
    decision: Decision


class _Step(msgspec.Struct, frozen=True):
    """The text that a delta belongs to, and the pieces that it completes."""

    channel: Channel
    pieces: list[Held]


class _Reader:
    """One answer while it is read: what has come, what waits for its context, and whether to read on."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.progress = Progress(draw)
        self.suspects: dict[Channel, list[_Suspect]] = {}
        self.accepted: list[Held] = []
        self.end: End | None = None
        self.final = False
        self.resumes = False
        self.helper_tokens = 0
        self.sentence: int | None = None
        self.known: dict[Part, Assessment] = {}
        self.said: list[Said] | None = None
        self.wholes: list[Said] | None = None

    @property
    def condemned(self) -> bool:
        """Whether nothing more is to be read: a choice is bad, and no other and no fuller picture is wanted."""
        draw, progress = self.draw, self.progress
        if not progress.bad or draw.candidates:
            return False
        return not draw.complete or self.final or bool(progress.exposed)

    @property
    def stops(self) -> bool:
        """Whether the rest of upstream's answer is not wanted."""
        return self.condemned or self.resumes or self.end is not None

    def correctable(self, piece: Held) -> bool:
        """Whether the corrector may replace this piece: a sentence of a shown stream of which nothing is out."""
        return (
            self.draw.release
            and piece.channel == Channel()
            and self.draw.rules.policy.stream.hold == "sentence"
            and not self.progress.unjudged
            and not self.suspects.get(piece.channel)
            and may_correct(self.progress.corrected, most=self.draw.corrections)
        )


def read_answer(draw: Draw) -> Generator[Effect, Reply, Reading]:
    """Reads until the answer ends or is rejected; releases what was accepted where `draw.release` is set."""
    reader = _Reader(draw)
    yield from _stream(reader) if draw.release else _whole(reader)
    return _reading(reader)


def _stream(reader: _Reader) -> _Effects:
    """Judges each piece as it comes, and shows what was accepted."""
    given = _given(reader.draw.given)
    while reader.end is None:
        event = next(given, None) or (yield Read())
        if isinstance(event, End):
            reader.end = event
            break
        assert isinstance(event, Delta)
        yield from _judge(reader, reader.progress.feed(event))
        yield from _settle_others(reader, event.channel)
        if reader.stops and reader.draw.given is None:
            yield Cancel()
        if reader.condemned:
            return
        if reader.end is not None:
            break
        yield from _release(reader)
        if reader.resumes:
            return
        if not reader.suspects.get(event.channel):
            yield from reader.progress.ahead(event.channel)
    last = reader.progress.finish()
    if not reader.draw.corrections:
        # With the last piece goes the whole; a correction could still change it.
        yield from _learn(reader, last)
    yield from _finish(reader, last)


def _whole(reader: _Reader) -> _Effects:
    """Reads an answer of which nothing is shown yet to its end and judges all of it at once.

    What was learnt is then settled piece by piece, as in a stream.
    """
    progress = reader.progress
    given = _given(reader.draw.given)
    steps: list[_Step] = []
    while reader.end is None:
        event = next(given, None) or (yield Read())
        if isinstance(event, End):
            reader.end = event
        else:
            assert isinstance(event, Delta)
            steps.append(_Step(event.channel, progress.feed(event)))
    last = progress.finish()
    held = [*(piece for step in steps for piece in step.pieces), *last]
    reader.said = progress.said()
    reader.wholes = progress.unread(reader.said)
    every: list[Held | Said] = [*held, *reader.wholes]
    parts = tuple([one.part for one in every])
    assessments = (yield Judge(parts, reader.draw.release)) if parts else ()
    assert isinstance(assessments, tuple)
    # The usual case first: where nothing at all is found there is nothing to settle piece by piece.
    if progress.note_clear(every, assessments):
        return
    reader.known.update(zip(parts, assessments, strict=True))
    for step in steps:
        yield from _judge(reader, step.pieces)
        yield from _settle_others(reader, step.channel)
        if reader.condemned:
            return
    yield from _finish(reader, last)


def _finish(reader: _Reader, last: Sequence[Held]) -> _Effects:
    """Judges what is left, what was held for its context, and each text as a whole; then releases the rest."""
    progress = reader.progress
    yield from _judge(reader, last)
    for channel in [*reader.suspects]:
        if not reader.condemned:
            yield from _resolve(reader, channel)
    if not reader.condemned:
        yield from _judge_wholes(reader)
    if not progress.bad:
        yield from _release(reader)


def _learn(reader: _Reader, held: Sequence[Held]) -> _Effects:
    """Has the last pieces and the wholes that they complete judged together, ahead of being weighed."""
    reader.wholes = reader.progress.unread(reader.progress.said())
    yield from _ask(reader, [*(piece.part for piece in held), *(said.part for said in reader.wholes)])


def _settle_others(reader: _Reader, channel: Channel) -> _Effects:
    """A text that has begun ends those before it, so what is held of them is decided now and order is kept."""
    for other in [found for found in reader.suspects if found.choice == channel.choice and found != channel]:
        yield from _resolve(reader, other)


def _judge(reader: _Reader, held: Sequence[Held]) -> _Effects:
    """Judges the pieces together and settles them in order, so that a whole answer reads like its stream."""
    queue = list(held)
    while queue:
        assessments = yield from _ask(reader, [piece.part for piece in queue])
        queue = yield from _settle(reader, queue, assessments)


def _ask(reader: _Reader, parts: Sequence[Part]) -> Generator[Effect, Reply, Sequence[Assessment]]:
    """The assessments of parts; only those that this answer has not learnt yet are asked for."""
    known = reader.known
    unknown = [part for part in parts if part not in known]
    if unknown:
        assessments = yield Judge(parts=tuple(unknown), urgent=reader.draw.release)
        assert isinstance(assessments, tuple)
        known.update(zip(unknown, assessments, strict=True))
    return [known[part] for part in parts]


def _settle(
    reader: _Reader, queue: list[Held], assessments: Sequence[Assessment]
) -> Generator[Effect, Reply, list[Held]]:
    """Takes each piece for good, bad or suspect; gives those that must be judged again, after a correction."""
    progress = reader.progress
    for number, (piece, assessment) in enumerate(zip(queue, assessments, strict=True)):
        choice = piece.channel.choice
        if choice in progress.bad and not reader.draw.complete:
            continue
        decision = progress.weigh(piece.part, assessment, choice=choice)
        if not reader.draw.rules.rejects(decision.action):
            if piece.channel in reader.suspects:
                yield from _in_context(reader, piece, decision)
            else:
                progress.note(choice, decision)
                reader.accepted.append(piece)
        elif not _final(decision) and reader.correctable(piece):
            better = yield from _corrected(reader, piece)
            if better is None:
                _bad(reader, piece, decision)
            else:
                progress.acquit(choice, decision)
                rest = progress.correct(piece, better, queue[number + 1 :])
                if not reader.stops:
                    return rest
                progress.drop(rest)
                return []
        else:
            _bad(reader, piece, decision)
        if reader.condemned:
            break
    return []


def _in_context(reader: _Reader, piece: Held, decision: Decision) -> _Effects:
    """A good piece after suspects: they are judged in its light."""
    reader.suspects[piece.channel].append(_Suspect(piece, decision))
    yield from _resolve(reader, piece.channel)


def _bad(reader: _Reader, piece: Held, decision: Decision) -> None:
    """A severe piece is bad at once; another is, when as many in a row were bad as the policy waits for."""
    suspects = reader.suspects.setdefault(piece.channel, [])
    suspects.append(_Suspect(piece, decision))
    reader.final = reader.final or _final(decision)
    if _final(decision) or len(suspects) >= reader.draw.rules.policy.stream.debounce:
        _condemn(reader, piece.channel)


def _condemn(reader: _Reader, channel: Channel) -> None:
    suspects = reader.suspects.pop(channel, [])
    for suspect in suspects:
        reader.progress.note(channel.choice, suspect.decision)
    if suspects and reader.sentence is None and channel.kind == "content":
        reader.sentence = reader.progress.sentence(suspects[0].held)


def _resolve(reader: _Reader, channel: Channel) -> _Effects:
    """Judges suspects with what came after them, as one text: acquitted together or condemned."""
    suspects = reader.suspects[channel]
    if len(suspects) < 2:
        _condemn(reader, channel)
        return
    progress = reader.progress
    part = progress.joined([suspect.held for suspect in suspects])
    (assessment,) = yield from _ask(reader, (part,))
    decision = progress.weigh(part, assessment, choice=channel.choice)
    if reader.draw.rules.rejects(decision.action):
        reader.final = reader.final or _final(decision)
        _condemn(reader, channel)
        progress.note(channel.choice, decision)
        return
    del reader.suspects[channel]
    for suspect in suspects:
        progress.acquit(channel.choice, suspect.decision)
        reader.accepted.append(suspect.held)
    progress.note(channel.choice, decision)


def _corrected(reader: _Reader, piece: Held) -> Generator[Effect, Reply, Held | None]:
    """The corrector's piece once it was judged good; None where there is none or it is no better."""
    progress, draw = reader.progress, reader.draw
    before = "".join(held.text for held in reader.accepted if held.channel == piece.channel)
    prefix = draw.prefix + progress.shown.get(piece.channel, "") + before
    consulted = yield revision(draw.question, prefix=prefix, sentence=piece.text)
    assert isinstance(consulted, Consulted)
    reader.helper_tokens += consulted.tokens
    better: Revision | None = revised(piece.text, consulted.text)
    if better is None:
        return None
    held = progress.again(piece, better.text)
    (assessment,) = yield from _ask(reader, (held.part,))
    decision = progress.weigh(held.part, assessment, choice=piece.channel.choice)
    if draw.rules.rejects(decision.action):
        return None
    progress.note(piece.channel.choice, decision)
    reader.accepted.append(held)
    if better.ends:
        reader.end = reader.end or End()
    reader.resumes = draw.resumes and reader.end is None and _one_text(progress.said())
    return held


def _judge_wholes(reader: _Reader) -> _Effects:
    """Judges each text as a whole; not those of a choice that is rejected already."""
    progress, complete = reader.progress, reader.draw.complete
    wholes = progress.unread(progress.said()) if reader.wholes is None else reader.wholes
    wholes = [said for said in wholes if complete or said.channel.choice not in progress.bad]
    assessments = yield from _ask(reader, [said.part for said in wholes])
    for said, assessment in zip(wholes, assessments, strict=True):
        choice = said.channel.choice
        progress.note(choice, progress.weigh(said.part, assessment, choice=choice))


def _release(reader: _Reader) -> _Effects:
    if reader.draw.release and not reader.progress.bad:
        yield from reader.progress.release(reader.accepted)
        reader.accepted = []


def _final(decision: Decision) -> bool:
    """Whether a rejection is not to be waited out: it is severe, or something was not judged."""
    return decision.action in FINAL or any(miss.action not in DELIVERS for miss in decision.coverage.unjudged)


def _given(text: str | None) -> Iterator[Event]:
    if text is not None:
        yield Delta(Channel(), text)
        yield End()


def _reading(reader: _Reader) -> Reading:
    progress, draw, end = reader.progress, reader.draw, reader.end
    said = tuple(progress.said() if reader.said is None else reader.said)
    # Upstreams that do not say what an answer cost are charged four characters a token; a helper's is counted apart.
    cost = end.tokens if end and end.tokens is not None else progress.length // 4 if draw.given is None else 0
    choices = [choice for choice in progress.decisions if choice not in progress.bad]
    decision = merged(decision for found in progress.decisions.values() for decision in found)
    if decision.action is Action.GUIDELINE:
        decision = msgspec.structs.replace(decision, action=Action.FLAG)
    reading = Reading(
        decision=decision,
        rejected=bool(progress.bad),
        whole=end is not None,
        exposed=progress.exposed,
        tokens=cost,
        prompt_tokens=0 if draw.given is not None else end.prompt_tokens if end else None,
        helper_tokens=reader.helper_tokens,
        corrected=progress.corrected,
        said=said,
        given=draw.given,
        shown=draw.prefix + progress.shown.get(Channel(), ""),
        continuable=_continuable(progress, said),
        resumes=reader.resumes,
        sentence=reader.sentence,
    )
    if draw.candidates and choices and end is not None:
        best = min(choices, key=lambda choice: (progress.risks.get(choice, 0.0), choice))
        return msgspec.structs.replace(
            reading, decision=merged(progress.decisions[best]), rejected=False, choice=best
        )  # fmt: skip
    return reading


def _continuable(progress: Progress, said: Sequence[Said]) -> bool:
    """Whether upstream could go on from what is out: judged content of the only choice."""
    out = progress.draw.prefix or progress.shown.get(Channel())
    return bool(out) and _one_text(said) and not progress.unjudged and not progress.draw.candidates


def _one_text(said: Sequence[Said]) -> bool:
    """Whether the answer is one choice's content, with or without the reasoning before it."""
    return {(text.channel.choice, text.channel.kind) for text in said} <= {(0, "content"), (0, "reasoning")}
