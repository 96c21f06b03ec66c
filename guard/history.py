"""What the earlier turns of a conversation mean for a new one: neither a block for ever nor forgotten.

New is what came after the last answer. An older turn that was refused is masked and the conversation goes on; its risk
lifts the new turn's, and turns that passed one by one are judged once more as one text, for an attack may be split over
several. Nothing is stored: every request tells its history, and what is replayed here is what was decided then.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Direction, Part, Role, Text, direction_of
from ..policies.decide import Decision
from ..policies.verdict import Action, Finding
from .effects import Effect, Judge, Reply
from .weigh import Rules, Sought, merged, weigh

Known: TypeAlias = Mapping[Part, Assessment]
"""Assessments of parts that were judged."""

LONGEST_TURN: Final = 1000
"""Characters that one turn gives to the joined text; a longer one gives its two ends."""
MOST_LIFT: Final = 2.0
"""Earlier risk at most doubles a new turn's."""

# Texts to be embedded are `input[3]` too, but no conversation: only an item of one holds something.
_MESSAGE: Final = re.compile(r"(messages|input)\[(\d+)\]\.")
_ANSWERED: Final = {Action.REGENERATE: Action.GUIDELINE, Action.CORRECT: Action.GUIDELINE}
_PASSED: Final = {Action.REFUSE: Action.REDACT, Action.SUPPORT: Action.GUIDELINE}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the user: its index, its parts, and whether it is new."""

    index: int
    parts: tuple[Part, ...]
    new: bool

    @property
    def text(self) -> str:
        """Its texts in one, both ends of it where it is long."""
        whole = "\n".join(part.text for part in self.parts if isinstance(part, Text))
        half = LONGEST_TURN // 2
        return whole if len(whole) <= LONGEST_TURN else f"{whole[:half]}\n{whole[-half:]}"


class _Replay(msgspec.Struct, frozen=True):
    """What a conversation comes to as far as it is judged; `missing` has to be judged to go on."""

    decision: Decision
    missing: tuple[Part, ...]


class _Told(msgspec.Struct):
    """What is collected on the way through the turns; `plain` are those that passed and were not acted on."""

    sought: Sought
    raised: dict[Part, Assessment] = {}
    joined: list[Decision] = []
    missing: dict[Part, None] = {}
    risks: list[float] = []
    plain: list[Turn] = []


def judge_prompt(
    rules: Rules, parts: Sequence[Part], *, known: Known | None = None, sought: Sought | None = None
) -> Generator[Effect, Reply, Decision]:
    """Judges a request and says what the policy makes of it; one batch, and another where a masked turn changes it.

    `known` and `sought` are what was learnt of its parts before.
    """
    if _is_one_turn(parts):
        assessments = (yield Judge(parts=tuple(parts))) if parts else ()
        assert isinstance(assessments, tuple)
        return merged([weigh(rules, parts, assessments)])
    found, sought = dict(known or {}), sought if sought is not None else {}
    while (replay := _replay(rules, parts, found, sought)).missing:
        found |= yield from _judged(replay.missing)
    return replay.decision


def judge_history(
    rules: Rules, parts: Sequence[Part], *, sought: Sought | None = None
) -> Generator[Effect, Reply, dict[Part, Assessment]]:
    """Judges the turns before the new ones alone; after the first request of a conversation they are remembered."""
    old = _earlier(rules, parts)
    found: dict[Part, Assessment] = {}
    sought = sought if sought is not None else {}
    while old and (missing := _replay(rules, parts, found, sought, upto=old).missing):
        found |= yield from _judged(missing)
    return found


def masks(rules: Rules, parts: Sequence[Part], known: Known, *, sought: Sought | None = None) -> bool:
    """Whether something among the earlier turns must not go upstream again."""
    old = _earlier(rules, parts)
    sought = sought if sought is not None else {}
    return rules.enforces and _replay(rules, parts, known, sought, upto=old).decision.action >= Action.REDACT


def first_new(parts: Sequence[Part]) -> int:
    """The index of the first new message: the one after the last answer that was answered in turn, 0 where none was.

    An answer at the very end is a start that the model shall go on from, and is new itself.
    """
    spoken = [(index, part) for part in parts if (index := message_index(part.path)) is not None]
    answers = {index for index, part in spoken if direction_of(part.role) is Direction.OUTPUT}
    last = max((index for index, _ in spoken if index not in answers), default=0)
    return max((index + 1 for index in answers if index < last), default=0)


@lru_cache(maxsize=4096)
def message_index(path: str) -> int | None:
    """The index of the message that a path leads into, None outside of the conversation."""
    found = _MESSAGE.match(path)
    return int(found[2]) if found else None


def turns_of(parts: Sequence[Part], *, start: int) -> list[Turn]:
    """The user's messages in order; those from the message `start` on are new."""
    spoken: dict[int, list[Part]] = {}
    for part in parts:
        index = message_index(part.path)
        if part.role is Role.USER and index is not None:
            spoken.setdefault(index, []).append(part)
    return [Turn(index=index, parts=tuple(own), new=index >= start) for index, own in sorted(spoken.items())]


def joined_part(turns: Sequence[Turn]) -> Text:
    """Several turns as one text, with the path `messages[2..6]`, or `input[2..6]` where the API calls it so."""
    path = f"{turns[0].parts[0].path.partition('[')[0]}[{turns[0].index}..{turns[-1].index}]"
    return Text(text="\n".join(turn.text for turn in turns), purpose=turns[-1].parts[0].purpose, path=path)


def _is_one_turn(parts: Sequence[Part]) -> bool:
    """Whether there is no more than one message of the user, and no answer: then nothing came before anything."""
    turn = None
    for part in parts:
        if direction_of(part.role) is Direction.OUTPUT:
            return False
        if part.role is Role.USER and (index := message_index(part.path)) is not None:
            if turn is not None and turn != index:
                return False
            turn = index
    return True


def _judged(missing: tuple[Part, ...]) -> Generator[Effect, Reply, dict[Part, Assessment]]:
    assessments = yield Judge(parts=missing)
    assert isinstance(assessments, tuple)
    return dict(zip(missing, assessments, strict=True))


def _earlier(rules: Rules, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts of messages before the new ones, where the policy lets those pass."""
    if rules.policy.conversation.block == "all":
        return ()
    start = first_new(parts)
    return tuple(part for part in parts if (index := message_index(part.path)) is not None and index < start)


def _replay(
    rules: Rules, parts: Sequence[Part], known: Known, sought: Sought, *, upto: Sequence[Part] | None = None
) -> _Replay:
    """Goes through the turns as they came; what is not known yet counts as passed, and is told as missing."""
    start = first_new(parts) if rules.policy.conversation.block == "new" else 0
    within = parts if upto is None else upto
    told = _Told(sought, missing=dict.fromkeys(part for part in within if part not in known))
    for turn in turns_of(within, start=start):
        _take(rules, turn, known, told)
    if told.missing:
        return _Replay(Decision(), tuple(told.missing))
    raised = [told.raised.get(part, known[part]) for part in within]
    judged = weigh(rules, within, raised, sought=sought)
    return _Replay(merged([_settled(judged, within, start), *told.joined]), ())


def _take(rules: Rules, turn: Turn, known: Known, told: _Told) -> None:
    """One turn: by itself under the risk of those before it, then joined with those that passed unaided."""
    terms = rules.policy.conversation
    ages = enumerate(reversed(told.risks[-terms.window :]), start=1)
    lift = min(MOST_LIFT, 1.0 + sum(risk * terms.decay**age for age, risk in ages))
    judged = {part: _raised(known[part], lift) for part in turn.parts if part in known}
    told.raised |= judged
    told.risks.append(max((a.unsafe for p in turn.parts if isinstance(a := known.get(p), Assessed)), default=0.0))
    alone = weigh(rules, list(judged), list(judged.values()), sought=told.sought)
    if alone.action is Action.REFUSE or not turn.text or (terms.joined and _completes(rules, turn, known, told)):
        return
    if alone.action <= Action.FLAG:
        told.plain.append(turn)


def _completes(rules: Rules, turn: Turn, known: Known, told: _Told) -> bool:
    """Whether an earlier turn was refused for what it completes; for a new one the finding is told instead."""
    others = rules.policy.conversation.window - 1
    if not told.plain or not others:
        return False
    joined = joined_part((*told.plain[-others:], turn))
    if joined not in known:
        told.missing[joined] = None
        return False
    decision = weigh(rules, (joined,), (known[joined],), sought=told.sought)
    refused = [finding for finding in decision.findings if finding.action is Action.REFUSE]
    if turn.new:
        told.joined.append(_masking(decision, turn, [f for f in decision.findings if f.action is Action.REDACT]))
    elif refused:
        told.joined.append(_masking(Decision(coverage=decision.coverage), turn, refused))
    return bool(refused) and not turn.new


def _masking(decision: Decision, turn: Turn, findings: Sequence[Finding]) -> Decision:
    """The decision with these findings moved to the turn's own texts, which are to be masked: a join has no place."""
    kept = [finding for finding in decision.findings if finding not in findings]
    paths = [part.path for part in turn.parts if isinstance(part, Text)]
    moved = [
        msgspec.structs.replace(finding, part=path, action=Action.REDACT, spans=())
        for finding in findings
        for path in paths
    ]
    action = max([decision.action, *(finding.action for finding in moved)])
    return Decision(action=action, findings=(*kept, *moved), coverage=decision.coverage)


def _settled(judged: Decision, parts: Sequence[Part], start: int) -> Decision:
    """What still can be done: earlier answers cannot be made again, and earlier turns are masked, not refused."""
    answers = {part.path for part in parts if direction_of(part.role) is Direction.OUTPUT}
    passed = {
        part.path
        for part in parts
        if part.role is not Role.SYSTEM and (index := message_index(part.path)) is not None and index < start
    }

    def done(path: str, action: Action) -> Action:
        action = _ANSWERED.get(action, action) if path in answers else action
        return _PASSED.get(action, action) if path in passed else action

    findings = tuple(_changed(f, done(f.part, f.action)) for f in judged.findings)
    missed = tuple(msgspec.structs.replace(m, action=done(m.part, m.action)) for m in judged.coverage.unjudged)
    action = max((*(f.action for f in findings), *(m.action for m in missed)), default=Action.ALLOW)
    coverage = msgspec.structs.replace(judged.coverage, unjudged=missed)
    return Decision(action=action, findings=findings, coverage=coverage)


def _changed(finding: Finding, action: Action) -> Finding:
    """The finding with another action; what was refused is masked whole, not only where something was found."""
    if action is finding.action:
        return finding
    return msgspec.structs.replace(finding, action=action, spans=())


def _raised(assessment: Assessment, lift: float) -> Assessment:
    """The assessment with its risk lifted by a factor, 1 at most."""
    if lift <= 1.0 or not isinstance(assessment, Assessed):
        return assessment
    categories = {slug: None if p is None else min(1.0, p * lift) for slug, p in assessment.categories.items()}
    return msgspec.structs.replace(assessment, unsafe=min(1.0, assessment.unsafe * lift), categories=categories)
