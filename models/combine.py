"""Several classifiers as one: each part goes to all that read it, and a rule makes one assessment of theirs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from .assessment import Assessed, Assessment, Unjudged
from .classifier import Classifier, callers_of, is_local, members_of
from .content import Kind, Part, kind_of
from .errors import InferenceFailed, NotJudged
from .merge import Rule, merged

_CORES = threading.BoundedSemaphore(len(os.sched_getaffinity(0)))


class Members:
    """Classifiers asked about the same parts at the same time; a failure of one is its own."""

    def __init__(self, members: Sequence[Classifier]) -> None:
        self.members = tuple(members)
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def ask(self, parts: Sequence[Part]) -> list[list[Assessment]]:
        """The assessments of each member, in order; those that wait for a server run beside the caller's thread."""
        futures = {
            at: self._threads().submit(judged, member, parts)
            for at, member in enumerate(self.members)
            if not is_local(member)
        }
        here = {at: judged(member, parts) for at, member in enumerate(self.members) if at not in futures}
        return [here[at] if at in here else futures[at].result() for at in range(len(self.members))]

    def close(self) -> None:
        """Ends the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(sum(map(callers_of, self.members)), thread_name_prefix="headgate-both")
            return self._pool


class Combined:
    """All members by one rule; `members` are the classifiers, for whoever lists who judged.

    A part is unjudged where no member could judge it. Where some failed, the others' word stands and `missed` says who
    is missing: the policy decides what that means.
    """

    def __init__(self, members: Sequence[Classifier], *, rule: Rule = "max") -> None:
        self.members = tuple(members)
        self.local = all(is_local(member) for member in members)
        self._rule: Rule = rule
        self._asking = Members(members)

    @property
    def name(self) -> str:
        """The names of all."""
        return "+".join(member.name for member in self.members)

    @property
    def digest(self) -> str:
        """Changes with any member, their order and the rule."""
        return digest_of(self.members, str(self._rule))

    @property
    def kinds(self) -> frozenset[Kind]:
        """What any member reads."""
        return frozenset(kind for member in self.members for kind in member.kinds)

    @property
    def covers(self) -> frozenset[str]:
        """What any member assesses."""
        return frozenset(slug for member in self.members for slug in member.covers)

    @property
    def callers(self) -> int:
        """As many as the member that waits the most."""
        return max(map(callers_of, self.members))

    @property
    def weights(self) -> Any:
        """The card of the first member that has one; AttributeError where none has."""
        return weights_of(self.members)

    def cost(self, part: Part) -> int:
        """The most that a member takes."""
        return max(member.cost(part) for member in self.members)

    def assess(self, parts: Sequence[Part]) -> list[Assessment]:
        """One assessment for each part, by the rule."""
        if self._rule == "first_available":
            return self._in_turn(parts)
        every = self._asking.ask(parts)
        return [together([one[at] for one in every], rule=self._rule) for at in range(len(parts))]

    def close(self) -> None:
        """Ends the threads."""
        self._asking.close()

    def _in_turn(self, parts: Sequence[Part]) -> list[Assessment]:
        """Each next member is asked about the parts of which something is still open that it could say."""
        found: list[list[Assessment]] = [[] for _ in parts]
        for member in self.members:
            still = [at for at, known in enumerate(found) if _open(known, member, parts[at])]
            if still:
                for at, answer in zip(still, judged(member, [parts[at] for at in still]), strict=True):
                    found[at].append(answer)
        return [together(known, rule=self._rule) for known in found]


def judged(member: Classifier, parts: Sequence[Part]) -> list[Assessment]:
    """The member's assessments; unjudged with a reason where it raises, or gives another number."""
    # Where many threads wait for a server, those that compute are as many as the cores.
    turn = _CORES if is_local(member) and not members_of(member) else contextlib.nullcontext()
    try:
        with turn:
            found = member.assess(parts)
        if len(found) != len(parts):
            raise InferenceFailed("a classifier gave another number of assessments")
    except NotJudged as error:
        return [Unjudged(reason=error.reason, detail=type(error).__name__, model=member.name) for _ in parts]
    except Exception as error:  # noqa: BLE001 - whatever a classifier raises means "not judged", never "passed"
        return [Unjudged(reason="inference_failed", detail=type(error).__name__, model=member.name) for _ in parts]
    return [one if one.model else msgspec.structs.replace(one, model=member.name) for one in found]


def together(found: Sequence[Assessment], *, rule: Rule) -> Assessment:
    """One assessment; who failed is in `missed`, who does not read such a part is nobody's loss."""
    known = [one for one in found if isinstance(one, Assessed)]
    silent = [one for one in found if isinstance(one, Unjudged)]
    failures = [one for one in silent if failed(one)]
    if not known:
        return next(iter(failures or silent), Unjudged(reason="unsupported_kind"))
    merger = merged(known, rule=rule)
    if not failures or (rule == "first_available" and not isinstance(found[-1], Unjudged)):
        return merger
    return msgspec.structs.replace(merger, missed=(*merger.missed, *failures))


def failed(missed: Unjudged) -> bool:
    """Whether it was there and could not, rather than not reading such a part."""
    return missed.reason in _reasons(NotJudged)


def digest_of(members: Sequence[Classifier], rule: str) -> str:
    """The digest of members under a rule."""
    text = "\n".join([rule, *(f"{member.name}@{member.digest}" for member in members)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def weights_of(members: Sequence[Classifier]) -> Any:
    """The weights of the first member that has a card: a policy's false-alarm rates are resolved against it."""
    for member in members:
        if (found := getattr(member, "weights", None)) is not None:
            return found
    raise AttributeError("weights")


def _open(known: Sequence[Assessment], member: Classifier, part: Part) -> bool:
    if kind_of(part) not in member.kinds:
        return False
    judges = [one for one in known if isinstance(one, Assessed)]
    return not judges or any(all(one.categories.get(slug) is None for one in judges) for slug in member.covers)


def _reasons(kind: type[NotJudged]) -> set[str]:
    return {kind.reason}.union(*(_reasons(child) for child in kind.__subclasses__()))
