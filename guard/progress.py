"""The answer as far as it has come: a gate for each of its texts, what was thought of each piece, and what is out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Final

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Direction, Role, Text
from ..policies.decide import Decision, limits_of, passes
from ..policies.verdict import DELIVERS, Action, Coverage, Missed
from .effects import Channel, ChannelKind, Delta, Release
from .stream import TAIL, Piece, SentenceGate, sentences
from .weigh import Rules, all_clear, weigh

_ROLES: Final[Mapping[ChannelKind, Role]] = {
    "content": Role.ASSISTANT,
    "refusal": Role.ASSISTANT,
    "reasoning": Role.REASONING,
    "tool_call": Role.TOOL_CALL,
    "other": Role.ASSISTANT,
}
FINAL: Final = frozenset({Action.SUPPORT, Action.REFUSE})
"""Actions about an answer after which nothing is waited for and nothing made again."""


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """How one answer is read: its round, the question it answers, whether accepted text is shown while it comes.

    `candidates`: each choice stands for itself and the best is kept. `complete`: read on after a rejection of which
    nothing was shown. `given` is an answer that is here already, `prefix` the shown text that the answer continues.
    `corrections` sentences may be corrected; `resumes`: upstream then continues from the correction.
    """

    rules: Rules
    round: int
    question: str
    release: bool
    candidates: bool = False
    complete: bool = False
    given: str | None = None
    prefix: str = ""
    corrections: int = 0
    resumes: bool = False

    @property
    def tighten(self) -> int:
        """Rounds that went before, where the policy tightens with each."""
        return self.round - 1 if self.rules.policy.regenerate.tighten else 0

    @property
    def early(self) -> int:
        """Characters that may be out before they are judged."""
        return self.rules.policy.stream.max_exposed_chars if self.release and not self.candidates else 0


class Held(msgspec.Struct, frozen=True):
    """A piece that waits for its judgement: the text that may leave, and the part that is judged for it."""

    channel: Channel
    text: str
    part: Text


class Said(msgspec.Struct, frozen=True):
    """A text of an answer, as far as it was read."""

    channel: Channel
    part: Text


class Progress:
    """The growing answer; it decides nothing about what to do next."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        self.bad: set[int] = set()
        self.decisions: dict[int, list[Decision]] = {}
        self.risks: dict[int, float] = {}
        self.exposed = 0
        self.length = 0
        self.corrected = 0
        self._gates: dict[Channel, SentenceGate] = {}
        self._pieces: dict[Channel, list[str]] = {}
        self._early: dict[Channel, int] = {}
        self._shown: dict[Channel, list[str]] = {}
        self._tools: dict[Channel, str] = {}
        self._limits = limits_of(draw.rules.thresholds, tighten=draw.tighten)
        self._clear: dict[str, Decision] = {}

    @property
    def shown(self) -> Mapping[Channel, str]:
        """What was released, by text."""
        return {channel: "".join(texts) for channel, texts in self._shown.items()}

    @property
    def unjudged(self) -> int:
        """Characters that are out and not judged yet."""
        return sum(self._early.values())

    def feed(self, delta: Delta) -> list[Held]:
        """The pieces that a delta completes, in order."""
        channel, text = delta.channel, delta.text
        if delta.name:
            self._tools[channel] = delta.name
        before: list[Held] = []
        if channel not in self._gates:
            before = self._flush(channel.choice)
            self._open(channel)
        if self._continues(channel) and not self._pieces[channel] and not self._gates[channel].pending:
            # The space at the seam is out already, so one that upstream repeats is dropped.
            text = text.lstrip() if self.draw.prefix[-1:].isspace() else text
        self.length += len(delta.text)
        return before + self._held(channel, self._gates[channel].feed(text))

    def finish(self) -> list[Held]:
        """What is left when the answer ends."""
        return [held for channel, gate in self._gates.items() for held in self._held(channel, gate.finish())]

    def said(self) -> list[Said]:
        """The texts as they stand, with what they continue and with corrections in place."""
        return [
            Said(channel, self._part(channel, self._before(channel) + "".join(texts) + self._gates[channel].pending))
            for channel, texts in self._pieces.items()
        ]

    def unread(self, said: Iterable[Said]) -> list[Said]:
        """Those of the texts that were judged in pieces and never at once."""
        return [one for one in said if len(self._pieces[one.channel]) > 1 or self._before(one.channel)]

    def sentence(self, held: Held) -> int:
        """The number of the sentence with which a piece begins, the first being 1."""
        whole = "".join(self._pieces[held.channel])
        return sentences(whole[: whole.find(held.text)] + "x")

    def weigh(self, part: Text, assessment: Assessment, *, choice: int) -> Decision:
        """The decision about a part of a choice; it counts once it is noted."""
        if isinstance(assessment, Assessed):
            self.risks[choice] = max(self.risks.get(choice, 0.0), assessment.unsafe)
            if passes(self.draw.rules.policy, Direction.OUTPUT, assessment, self._limits):
                return self._allowed(part.path)
        else:
            self.risks[choice] = 1.0
        return weigh(self.draw.rules, [part], [assessment], tighten=self.draw.tighten)

    def note_clear(self, said: Sequence[Held | Said], assessments: Sequence[Assessment]) -> bool:
        """Writes down that these parts are allowed, and says so, where every one of them is; else does nothing."""
        if not all_clear(self.draw.rules.policy, repeat(Direction.OUTPUT), assessments, self._limits):
            return False
        paths: dict[str, int] = {}
        for one, assessed in zip(said, assessments, strict=True):
            choice = paths[one.part.path] = one.channel.choice
            if isinstance(assessed, Assessed) and assessed.unsafe > self.risks.get(choice, 0.0):
                self.risks[choice] = assessed.unsafe
        for path, choice in paths.items():
            self.decisions[choice].append(self._allowed(path))
        return True

    def note(self, choice: int, decision: Decision) -> None:
        """Write a decision down; a rejected one condemns the choice."""
        decisions = self.decisions[choice]
        # What is clear is decided alike for each piece of a text, and is told once.
        if not decisions or decisions[-1] is not decision:
            decisions.append(decision)
        if self.draw.rules.rejects(decision.action):
            self.bad.add(choice)

    def acquit(self, choice: int, decision: Decision) -> None:
        """Write down that a piece looked bad alone and not in its context."""
        self.decisions[choice].append(acquitted(decision))

    def joined(self, held: Sequence[Held]) -> Text:
        """Pieces of one text as one part, with what went before the first."""
        first = held[0]
        return self._part(first.channel, first.part.text + "".join(piece.text for piece in held[1:]))

    def again(self, held: Held, text: str) -> Held:
        """The same piece with another text, after the same text before it."""
        before = held.part.text.removesuffix(held.text)
        return Held(held.channel, text, self._part(held.channel, before + text))

    def correct(self, held: Held, revised: Held, rest: Sequence[Held]) -> list[Held]:
        """Put a revision in a piece's place; gives the rest of the pieces, to be judged after the revision."""
        texts = self._pieces[held.channel]
        behind = sum(1 for piece in rest if piece.channel == held.channel)
        texts[len(texts) - 1 - behind] = revised.text
        self.corrected += 1
        changed: list[Held] = []
        before = revised.part.text[-TAIL:]
        for piece in rest:
            if piece.channel != held.channel:
                changed.append(piece)
                continue
            changed.append(Held(piece.channel, piece.text, self._part(piece.channel, before + piece.text)))
            before = (before + piece.text)[-TAIL:]
        self._gates[held.channel].replaced(before)
        return changed

    def drop(self, rest: Sequence[Held]) -> None:
        """What came after a correction is not part of the answer: upstream continues from there, or nobody does."""
        texts = self._pieces[Channel()]
        del texts[len(texts) - sum(1 for piece in rest if piece.channel == Channel()) :]
        self._gates[Channel()] = SentenceGate(before="".join(texts))

    def release(self, held: Iterable[Held]) -> list[Release]:
        """What of these pieces is not out yet, and may now be."""
        found: list[Release] = []
        for piece in held:
            early = self._early.get(piece.channel, 0)
            self._early[piece.channel] = max(0, early - len(piece.text))
            found += self._out(piece.channel, piece.text[early:])
        return found

    def ahead(self, channel: Channel) -> list[Release]:
        """What may leave of a text before it is judged, within the policy's bound."""
        room = self.draw.early - self.unjudged
        gate = self._gates.get(channel)
        if room <= 0 or gate is None or gate.hold == "answer":
            return []
        early = self._early.get(channel, 0)
        text = gate.pending[early : early + room]
        self._early[channel] = early + len(text)
        return self._out(channel, text)

    def _allowed(self, path: str) -> Decision:
        found = self._clear.get(path)
        if found is None:
            found = self._clear[path] = Decision(coverage=Coverage(judged=(path,)))
        return found

    def _out(self, channel: Channel, text: str) -> list[Release]:
        if not text:
            return []
        self.exposed += len(text)
        self._shown.setdefault(channel, []).append(text)
        return [Release(channel, text)]

    def _open(self, channel: Channel) -> None:
        # Arguments are code to be run: judged whole before any of them leaves.
        whole = channel.kind == "tool_call" or self.draw.rules.policy.stream.hold == "answer"
        self._gates[channel] = SentenceGate(hold="answer" if whole else "sentence", before=self._before(channel))
        self._pieces[channel] = []
        self.decisions.setdefault(channel.choice, [])

    def _flush(self, choice: int) -> list[Held]:
        """What waits on the other texts of a choice when a new one begins: reasoning is shown before the answer."""
        return [
            held
            for channel, gate in self._gates.items()
            if channel.choice == choice and gate.hold == "sentence"
            for held in self._held(channel, gate.finish())
        ]

    def _continues(self, channel: Channel) -> bool:
        return bool(self.draw.prefix) and channel == Channel()

    def _before(self, channel: Channel) -> str:
        return self.draw.prefix if self._continues(channel) else ""

    def _held(self, channel: Channel, pieces: Sequence[Piece]) -> list[Held]:
        self._pieces[channel] += [piece.text for piece in pieces]
        role, path, context, tool = _ROLES[channel.kind], channel.path, self.draw.question, self._tools.get(channel, "")
        return [
            Held(channel, piece.text, Text(text=piece.judged, role=role, path=path, context=context, tool=tool))
            for piece in pieces
        ]

    def _part(self, channel: Channel, text: str) -> Text:
        tool = self._tools.get(channel, "")
        return Text(text=text, role=_ROLES[channel.kind], path=channel.path, context=self.draw.question, tool=tool)


def acquitted(decision: Decision) -> Decision:
    """The decision with every rejection in it lowered to a flag: it stays on record and holds nothing back."""
    findings = tuple(
        f if f.action in DELIVERS else msgspec.structs.replace(f, action=Action.FLAG) for f in decision.findings
    )
    missed: tuple[Missed, ...] = decision.coverage.unjudged
    action = max([f.action for f in findings] + [miss.action for miss in missed], default=Action.ALLOW)
    return Decision(action=action, findings=findings, coverage=decision.coverage)
