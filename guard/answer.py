"""Reads and judges one answer, piece by piece: the same path for a stream and for a whole answer; no I/O."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import msgspec

from ..models.assessment import Assessment
from ..models.content import Role, Text
from ..policies.decide import Decision
from ..policies.verdict import Action
from .effects import Cancel, Channel, Delta, Effect, End, Judge, Read, Release, Reply
from .stream import Piece, SentenceGate
from .weigh import Rules, merged, risk, weigh

_ROLES = {
    "content": Role.ASSISTANT,
    "refusal": Role.ASSISTANT,
    "reasoning": Role.REASONING,
    "tool_call": Role.TOOL_CALL,
}


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """How one answer is read: its round, the question it answers, whether accepted text is shown while it comes.

    `candidates`: each choice stands for itself and the best is kept. `complete`: read on after a rejection.
    """

    rules: Rules
    round: int
    question: str
    release: bool
    candidates: bool = False
    complete: bool = False

    @property
    def tighten(self) -> int:
        """Rounds that went before, where the policy tightens with each."""
        return self.round - 1 if self.rules.policy.regenerate.tighten else 0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an answer: the decision, what was released of it, and its cost in tokens.

    `whole` is False where reading stopped at a rejected piece; `choice` is the candidate to deliver, if one passed.
    """

    decision: Decision
    rejected: bool
    whole: bool
    exposed: int = 0
    tokens: int = 0
    choice: int | None = None
    texts: tuple[Text, ...] = ()


class _Held(msgspec.Struct, frozen=True):
    channel: Channel
    text: str
    part: Text


class _Progress:
    """The growing answer: one gate and one list of decisions a channel."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.gates: dict[Channel, SentenceGate] = {}
        self.texts: dict[Channel, list[str]] = {}
        self.pieces: dict[Channel, int] = {}
        self.decisions: dict[int, list[Decision]] = {}
        self.risks: dict[int, float] = {}
        self.bad: set[int] = set()
        self.exposed = 0
        self.length = 0

    def feed(self, delta: Delta) -> list[_Held]:
        gate = self.gates.get(delta.channel)
        before: list[_Held] = []
        if gate is None:
            before = self._flush(delta.channel.choice)
            # Arguments are code to be run: judged whole before any of them leaves.
            whole = delta.channel.kind == "tool_call" or self.draw.rules.policy.stream.hold == "answer"
            gate = self.gates[delta.channel] = SentenceGate(hold="answer" if whole else "sentence")
            self.texts[delta.channel] = []
            self.pieces[delta.channel] = 0
            self.decisions.setdefault(delta.channel.choice, [])
        self.texts[delta.channel].append(delta.text)
        self.length += len(delta.text)
        return before + self._held(delta.channel, gate.feed(delta.text))

    def _flush(self, choice: int) -> list[_Held]:
        """What waits on the other texts of a choice when a new one begins: reasoning is shown before the answer."""
        return [
            held
            for channel, gate in self.gates.items()
            if channel.choice == choice and gate.hold == "sentence"
            for held in self._held(channel, gate.finish())
        ]

    def finish(self) -> list[_Held]:
        return [held for channel, gate in self.gates.items() for held in self._held(channel, gate.finish())]

    def parts(self) -> list[tuple[Channel, Text]]:
        return [(channel, self._part(channel, "".join(texts))) for channel, texts in self.texts.items()]

    def note(self, choice: int, parts: Sequence[Text], assessments: Sequence[Assessment]) -> Decision:
        decision = weigh(self.draw.rules, parts, assessments, tighten=self.draw.tighten)
        self.decisions[choice].append(decision)
        self.risks[choice] = max(self.risks.get(choice, 0.0), risk(assessments))
        if self.draw.rules.rejects(decision.action):
            self.bad.add(choice)
        return decision

    def _held(self, channel: Channel, pieces: Sequence[Piece]) -> list[_Held]:
        self.pieces[channel] += len(pieces)
        return [_Held(channel, piece.text, self._part(channel, piece.judged)) for piece in pieces]

    def _part(self, channel: Channel, text: str) -> Text:
        return Text(text=text, role=_ROLES[channel.kind], path=channel.path, context=self.draw.question)


def read_answer(draw: Draw) -> Generator[Effect, Reply, Reading]:
    """Reads until the answer ends or a piece is rejected; releases what was accepted where `draw.release` is set."""
    progress = _Progress(draw)
    tokens = None
    while True:
        event = yield Read()
        if isinstance(event, End):
            tokens = event.tokens
            break
        assert isinstance(event, Delta)
        if held := progress.feed(event):
            passed = yield from _judge_pieces(progress, held)
            if not passed:
                yield Cancel()
                return _reading(progress, whole=False, tokens=None)
            if draw.release:
                yield from _release(progress, held)
    last = progress.finish()
    passed = yield from _judge_pieces(progress, last)
    if passed:
        passed = yield from _judge_wholes(progress)
    if passed and draw.release and not draw.candidates:
        yield from _release(progress, last)
    return _reading(progress, whole=True, tokens=tokens)


def _judge_pieces(progress: _Progress, held: Sequence[_Held]) -> Generator[Effect, Reply, bool]:
    """Whether all pieces passed; stops at the first that did not, so that a whole answer reads like its stream."""
    if not held:
        return True
    assessments = yield Judge(parts=tuple(piece.part for piece in held), urgent=progress.draw.release)
    assert isinstance(assessments, tuple)
    for piece, assessment in zip(held, assessments, strict=True):
        if piece.channel.choice in progress.bad and not progress.draw.complete:
            continue
        progress.note(piece.channel.choice, [piece.part], [assessment])
        if progress.bad and not (progress.draw.candidates or progress.draw.complete):
            return False
    return True


def _judge_wholes(progress: _Progress) -> Generator[Effect, Reply, bool]:
    wholes = [(c, p) for c, p in progress.parts() if progress.pieces[c] > 1]
    if wholes:
        assessments = yield Judge(parts=tuple(part for _, part in wholes), urgent=progress.draw.release)
        assert isinstance(assessments, tuple)
        for (channel, part), assessment in zip(wholes, assessments, strict=True):
            progress.note(channel.choice, [part], [assessment])
    return not progress.bad


def _release(progress: _Progress, held: Sequence[_Held]) -> Generator[Effect, Reply, None]:
    for piece in held:
        progress.exposed += len(piece.text)
        yield Release(piece.channel, piece.text)


def _reading(progress: _Progress, *, whole: bool, tokens: int | None) -> Reading:
    choices = [choice for choice in progress.decisions if choice not in progress.bad]
    texts = tuple(part for _, part in progress.parts())
    # Upstreams that do not say what an answer cost are charged four characters a token.
    cost = tokens if tokens is not None else progress.length // 4
    if progress.draw.candidates and choices and whole:
        best = min(choices, key=lambda choice: (progress.risks.get(choice, 0.0), choice))
        decision = merged(progress.decisions[best])
        return Reading(decision=decision, rejected=False, whole=True, tokens=cost, choice=best, texts=texts)
    decision = merged(decision for found in progress.decisions.values() for decision in found)
    action = decision.action if decision.action is not Action.GUIDELINE else Action.FLAG
    return Reading(
        decision=msgspec.structs.replace(decision, action=action),
        rejected=bool(progress.bad),
        whole=whole,
        exposed=progress.exposed,
        tokens=cost,
        texts=texts,
    )
