"""The one-call face: a policy and its models, and `check`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from copy import copy
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final, Protocol, TypeAlias, runtime_checkable

from msgspec.structs import replace

from ..models.assemble import Named, One, assemble
from ..models.assessment import Assessed, Assessment
from ..models.classifier import Classifier
from ..models.content import Image, Part, Purpose, Text, Video
from ..models.errors import InputError
from ..models.manifest import Weights
from ..models.sight import sighted
from ..policies.compile import load_policy
from ..policies.compiled import CompiledPolicy
from ..policies.context import Context
from ..policies.diff import Side
from ..policies.merge import effective
from ..policies.thresholds import FalseAlarmTable, resolve, table_of
from ..policies.verdict import Verdict
from .consult import Helpers
from .conversation import Message, accompanied, message_of, parts_of
from .drive import AsyncSink, AsyncSource, Sink, Source, adrive, arun, drive, run
from .effects import Finish, Release
from .fetch import AsyncJudge, Judge, afetching, fetching
from .judging import Judging
from .loop import Steps, Terms, exchange
from .memo import Memo
from .observe import watched
from .sources import AsyncGiven, Given
from .traffic import TrafficLog, recorded
from .weigh import Rules, question_of

Media: TypeAlias = bytes | str | Path
"""An image or a video: its bytes, a URL, or a path."""

MOST_PLACES: Final = 4096
"""Pairs of tenant and route whose guards are kept."""

PROBE: Final = "I am going to find you and beat you until you stop breathing, you worthless animal."
"""A threat that every working text model must flag; `/readyz` asks for it."""


@runtime_checkable
class _Carded(Protocol):
    @property
    def weights(self) -> Weights: ...


class Guard:
    """Judges exchanges under one policy; load it once and share it: it is safe from threads and event loops.

    `policy` is a pack's name, a file or a compiled policy. `models` are classifiers, what names them, or a whole
    `models.judges.Judges`; the embedded text model where None. `stand_ins` judge, in order, what those cannot because
    they are overloaded, late or broken; the verdict says so. `timeout` in seconds bounds one judgement. Raises
    ConfigError for a bad policy or model entry and ModelUnavailable where a model cannot load.
    """

    def __init__(
        self,
        policy: str | Path | CompiledPolicy = "default",
        models: Named | None = None,
        *,
        stand_ins: Sequence[One] = (),
        workers: int = 0,
        timeout: float = 10.0,
        memo: Memo | None = None,
        hash_key: bytes = b"",
        judging: Judging | None = None,
    ) -> None:
        self.policy = policy if isinstance(policy, CompiledPolicy) else load_policy(policy)
        self.judging = judging or Judging(
            sighted(assemble(models), given=models),
            fallbacks=tuple(chain.from_iterable(assemble(one) for one in stand_ins)),
            workers=workers,
            timeout=timeout,
            memo=memo,
            key=hash_key,
        )
        self.rules = Rules(
            policy=self.policy,
            thresholds=resolve(self.policy.thresholds, _table(self.judging.classifiers)),
            models=self.judging.digests,
            reader=next((one for one in self.judging.classifiers if "text" in one.kinds), None),
        )
        self.helpers = Helpers(self.policy.services)
        self.traffic: TrafficLog | None = None
        self._places: dict[tuple[str, str], Guard] = {}
        # Libraries and files that lists need are missed now, not with the first text.
        _ = self.rules.finder
        # The models in charge may tell more from now on, and go by another digest.
        self.rules = replace(self.rules, models=self.judging.digests)

    def under(self, policy: str | Path | CompiledPolicy) -> Guard:
        """A guard with another policy that shares this one's models and memo."""
        other = Guard(policy, judging=self.judging)
        other.traffic = self.traffic
        return other

    def within(self, context: Context) -> Guard:
        """This guard under these circumstances: overlays of the tenant and route in force, and exceptions as of today.

        Cheap, and meant for each request; the guard itself where its policy does not look at circumstances.
        """
        if not self.policy.conditional:
            return self
        placed = copy(self._overlaid(context.tenant, context.route))
        placed.rules = placed.rules.within(context if context.today else replace(context, today=today()))
        return placed

    @property
    def current(self) -> Rules:
        """The rules as of today."""
        if not self.policy.exceptions or self.rules.context.today:
            return self.rules
        return self.rules.within(replace(self.rules.context, today=today()))

    def check(
        self,
        text: str | None = None,
        *,
        response: str | Message | None = None,
        images: Sequence[Media] = (),
        videos: Sequence[Media] = (),
        messages: Sequence[Message] | None = None,
        purpose: Purpose = "chat",
        tenant: str | None = None,
    ) -> Verdict:
        """The verdict about a prompt, an answer, or both. InputError where there is nothing to judge."""
        prompt = _prompt(text, messages, images, videos, purpose=purpose, response=response)
        return self.within(Context(tenant=tenant or "")).conclude(prompt, response=response).verdict

    async def acheck(
        self,
        text: str | None = None,
        *,
        response: str | Message | None = None,
        images: Sequence[Media] = (),
        videos: Sequence[Media] = (),
        messages: Sequence[Message] | None = None,
        purpose: Purpose = "chat",
        tenant: str | None = None,
    ) -> Verdict:
        """`check` for callers on an event loop; inference runs off it."""
        prompt = _prompt(text, messages, images, videos, purpose=purpose, response=response)
        placed = self.within(Context(tenant=tenant or ""))
        return (await placed.aconclude(prompt, responses=[] if response is None else [response])).verdict

    def conclude(self, prompt: Sequence[Part], *, response: str | Message | None = None) -> Finish:
        """`check` for parts that are already made, with what the caller would be shown."""
        given = Given([response] if response is not None else [])
        terms = Terms(rules=self.current, answers=response is not None, given=True)
        return drive(self._steps(terms, prompt), self._judge, given)

    async def aconclude(self, prompt: Sequence[Part], *, responses: Sequence[str | Message] = ()) -> Finish:
        """`conclude` on an event loop; several responses are the choices of one answer."""
        terms = Terms(rules=self.current, answers=bool(responses), given=True)
        return await adrive(watched(self._steps(terms, prompt)), self._ajudge, AsyncGiven(responses))

    def exchange(self, prompt: Sequence[Part], source: Source, *, sink: Sink | None = None) -> Finish:
        """Runs the loop over a source of answers, blocking; accepted text goes to the sink as it comes."""
        terms = Terms(rules=self.current, streams=sink is not None)
        return drive(self._steps(terms, prompt), self._judge, source, sink, consult=self.helpers.consult)

    def stream(self, prompt: Sequence[Part], source: Source) -> Iterator[Release | Finish]:
        """The same as an iterator: text as soon as it may be shown, and last the Finish."""
        terms = Terms(rules=self.current, streams=True)
        return run(self._steps(terms, prompt), self._judge, source, consult=self.helpers.consult)

    def astream(self, prompt: Sequence[Part], source: AsyncSource) -> AsyncGenerator[Release | Finish]:
        """The same as an async iterator."""
        terms = Terms(rules=self.current, streams=True, speculates=True)
        return arun(watched(self._steps(terms, prompt)), self._ajudge, source, consult=self.helpers.aconsult)

    async def aexchange(
        self,
        prompt: Sequence[Part],
        source: AsyncSource,
        *,
        sink: AsyncSink | None = None,
        continues: bool = False,
        deadline: float | None = None,
        language: str = "",
        identity: str = "",
    ) -> Finish:
        """The same on an event loop.

        `continues`: the source can go on from a shown text. `deadline` in seconds bounds the rounds, not the first.
        `identity` names the exchange where traffic is recorded.
        """
        terms = Terms(
            rules=self.current,
            streams=sink is not None,
            speculates=True,
            continues=continues,
            deadline=deadline,
            language=language,
        )
        return await adrive(
            watched(self._steps(terms, prompt, identity)), self._ajudge, source, sink, consult=self.helpers.aconsult
        )

    def judge(self, parts: Sequence[Part], *, bulk: bool = False) -> tuple[Assessment, ...]:
        """The raw assessments, no policy applied; `bulk` yields to whoever waits for an answer."""
        return self._judge(accompanied(parts), bulk=bulk)

    async def ajudge(self, parts: Sequence[Part]) -> tuple[Assessment, ...]:
        """`judge` for callers on an event loop."""
        return await self._ajudge(accompanied(parts))

    @property
    def _judge(self) -> Judge:
        return fetching(self.judging.judge, self.policy.media)

    @property
    def _ajudge(self) -> AsyncJudge:
        return afetching(self.judging.ajudge, self.policy.media)

    def probe(self) -> bool:
        """Whether the text model flags a known-bad text: the proof that it really judges."""
        (assessment,) = self.judging.judge([Text(text=PROBE, path="probe")])
        return isinstance(assessment, Assessed) and assessment.unsafe >= self.rules.thresholds.default

    def _steps(self, terms: Terms, prompt: Sequence[Part], identity: str = "") -> Steps:
        """The loop over a prompt, recorded where traffic is."""
        prompt = accompanied(prompt)
        if self.traffic is None:
            return exchange(terms, prompt)
        return recorded(self.traffic, terms, prompt, identity=identity)

    def _overlaid(self, tenant: str, route: str) -> Guard:
        """The guard of the policy with its overlays for a tenant and a route, made once."""
        key = (tenant, route)
        if key not in self._places:
            policy = effective(self.policy, tenant=tenant, route=route)
            if len(self._places) >= MOST_PLACES:
                self._places.clear()  # names of tenants are not ours to bound
            self._places[key] = self if policy is self.policy else self.under(policy)
        return self._places[key]

    def side(self) -> Side:
        """The policy on these models, to be compared with another."""
        return Side(self.policy, table=_table(self.judging.classifiers), reader=self.rules.reader)

    def close(self) -> None:
        """Ends the worker threads."""
        self.judging.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def today() -> str:
    """The day in UTC, as exceptions name it."""
    return datetime.now(UTC).date().isoformat()


def _prompt(
    text: str | None,
    messages: Sequence[Message] | None,
    images: Sequence[Media],
    videos: Sequence[Media],
    *,
    purpose: Purpose,
    response: object,
) -> tuple[Part, ...]:
    if text is not None and messages is not None:
        raise InputError("give text or messages, not both", param="messages")
    if text is not None and not isinstance(text, str):
        raise InputError(f"text must be a string, not {type(text).__name__}", param="text")
    if text is None and messages is None and response is None and not images and not videos:
        raise InputError("nothing to judge: give text, messages, response, images or videos", param="text")
    spoken = messages if messages is not None else ([message_of(text)] if text is not None else [])
    return with_media(parts_of(spoken, purpose=purpose), images=images, videos=videos, purpose=purpose)


def with_media(
    parts: Sequence[Part], *, images: Sequence[Media] = (), videos: Sequence[Media] = (), purpose: Purpose = "chat"
) -> tuple[Part, ...]:
    """The parts and those of images and videos that came along, each with the last question as its context."""
    asked = question_of(parts)
    return (
        *parts,
        *(media_part(Image, item, f"images[{i}]", purpose=purpose, context=asked) for i, item in enumerate(images)),
        *(media_part(Video, item, f"videos[{i}]", purpose=purpose, context=asked) for i, item in enumerate(videos)),
    )


def media_part(
    kind: type[Image] | type[Video], item: Media, path: str, *, purpose: Purpose = "chat", context: str = ""
) -> Image | Video:
    """An image or a video from its bytes, URL or file, with the words that came along; InputError names `path`."""
    if isinstance(item, bytes):
        return kind(data=item, path=path, purpose=purpose, context=context)
    if (isinstance(item, str) and "://" in item[:12]) or (isinstance(item, str) and item.startswith("data:")):
        return kind(url=item, path=path, purpose=purpose, context=context)
    try:
        return kind(data=Path(item).read_bytes(), path=path, purpose=purpose, context=context)
    except OSError as error:
        raise InputError(f"{path}: cannot read {item}: {error.strerror}", param=path) from error


def _table(classifiers: Sequence[Classifier]) -> FalseAlarmTable | None:
    """The first text model's card: thresholds given as false-alarm rates are resolved against it."""
    cards = [c.weights.manifest for c in classifiers if isinstance(c, _Carded) and "text" in c.kinds]
    return table_of(cards[0]) if cards else None
