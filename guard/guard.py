"""The one-call face: a policy and its models, and `check`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, TypeAlias, runtime_checkable

from ..models.assessment import Assessed, Assessment
from ..models.classifier import Classifier
from ..models.content import Image, Part, Purpose, Text, Video
from ..models.errors import InputError
from ..models.manifest import Weights
from ..models.registry import load as load_model
from ..policies.compile import load_policy
from ..policies.compiled import CompiledPolicy
from ..policies.thresholds import FalseAlarmTable, resolve, table_of
from ..policies.verdict import Verdict
from .consult import Helpers
from .conversation import Message, message_of, parts_of
from .drive import AsyncSink, AsyncSource, Sink, Source, adrive, arun, drive, run
from .effects import Finish, Release
from .judging import Judging
from .loop import Terms, exchange
from .memo import Memo
from .observe import watched
from .sources import AsyncGiven, Given
from .weigh import Rules

Media: TypeAlias = bytes | str | Path
"""An image or a video: its bytes, a URL, or a path."""

PROBE: Final = "I am going to find you and beat you until you stop breathing, you worthless animal."
"""A threat that every working text model must flag; `/readyz` asks for it."""


@runtime_checkable
class _Carded(Protocol):
    @property
    def weights(self) -> Weights: ...


class Guard:
    """Judges exchanges under one policy; load it once and share it: it is safe from threads and event loops.

    `policy` is a pack's name, a file or a compiled policy. `models` are classifiers, or names or folders to load; the
    embedded text model where None. `timeout` in seconds bounds one judgement. Raises ConfigError for a bad policy and
    ModelUnavailable where a model cannot load.
    """

    def __init__(
        self,
        policy: str | Path | CompiledPolicy = "default",
        models: Classifier | str | Path | Sequence[Classifier | str | Path] | None = None,
        *,
        workers: int = 0,
        timeout: float = 10.0,
        memo: Memo | None = None,
        hash_key: bytes = b"",
        judging: Judging | None = None,
    ) -> None:
        self.policy = policy if isinstance(policy, CompiledPolicy) else load_policy(policy)
        self.judging = judging or Judging(
            _classifiers(models), workers=workers, timeout=timeout, memo=memo, key=hash_key
        )
        self.rules = Rules(
            policy=self.policy,
            thresholds=resolve(self.policy.thresholds, _table(self.judging.classifiers)),
            models=self.judging.digests,
        )
        self.helpers = Helpers(self.policy.services)

    def under(self, policy: str | Path | CompiledPolicy) -> Guard:
        """A guard with another policy that shares this one's models and memo."""
        return Guard(policy, judging=self.judging)

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
        return self.conclude(prompt, response=response).verdict

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
        return (await self.aconclude(prompt, responses=[] if response is None else [response])).verdict

    def conclude(self, prompt: Sequence[Part], *, response: str | Message | None = None) -> Finish:
        """`check` for parts that are already made, with what the caller would be shown."""
        given = Given([response] if response is not None else [])
        terms = Terms(rules=self.rules, answers=response is not None, given=True)
        return drive(exchange(terms, prompt), self.judging.judge, given)

    async def aconclude(self, prompt: Sequence[Part], *, responses: Sequence[str | Message] = ()) -> Finish:
        """`conclude` on an event loop; several responses are the choices of one answer."""
        terms = Terms(rules=self.rules, answers=bool(responses), given=True)
        return await adrive(watched(exchange(terms, prompt)), self.judging.ajudge, AsyncGiven(responses))

    def exchange(self, prompt: Sequence[Part], source: Source, *, sink: Sink | None = None) -> Finish:
        """Runs the loop over a source of answers, blocking; accepted text goes to the sink as it comes."""
        terms = Terms(rules=self.rules, streams=sink is not None)
        return drive(exchange(terms, prompt), self.judging.judge, source, sink, consult=self.helpers.consult)

    def stream(self, prompt: Sequence[Part], source: Source) -> Iterator[Release | Finish]:
        """The same as an iterator: text as soon as it may be shown, and last the Finish."""
        terms = Terms(rules=self.rules, streams=True)
        return run(exchange(terms, prompt), self.judging.judge, source, consult=self.helpers.consult)

    def astream(self, prompt: Sequence[Part], source: AsyncSource) -> AsyncGenerator[Release | Finish]:
        """The same as an async iterator."""
        terms = Terms(rules=self.rules, streams=True, speculates=True)
        return arun(watched(exchange(terms, prompt)), self.judging.ajudge, source, consult=self.helpers.aconsult)

    async def aexchange(
        self,
        prompt: Sequence[Part],
        source: AsyncSource,
        *,
        sink: AsyncSink | None = None,
        continues: bool = False,
        deadline: float | None = None,
        language: str = "",
    ) -> Finish:
        """The same on an event loop.

        `continues`: the source can go on from a shown text. `deadline` in seconds bounds the rounds, not the first.
        """
        terms = Terms(
            rules=self.rules,
            streams=sink is not None,
            speculates=True,
            continues=continues,
            deadline=deadline,
            language=language,
        )
        return await adrive(
            watched(exchange(terms, prompt)), self.judging.ajudge, source, sink, consult=self.helpers.aconsult
        )

    def judge(self, parts: Sequence[Part], *, bulk: bool = False) -> tuple[Assessment, ...]:
        """The raw assessments, no policy applied; `bulk` yields to whoever waits for an answer."""
        return self.judging.judge(parts, bulk=bulk)

    async def ajudge(self, parts: Sequence[Part]) -> tuple[Assessment, ...]:
        """`judge` for callers on an event loop."""
        return await self.judging.ajudge(parts)

    def probe(self) -> bool:
        """Whether the text model flags a known-bad text: the proof that it really judges."""
        (assessment,) = self.judging.judge([Text(text=PROBE, path="probe")])
        return isinstance(assessment, Assessed) and assessment.unsafe >= self.rules.thresholds.default

    def close(self) -> None:
        """Ends the worker threads."""
        self.judging.close()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


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
    return (
        *parts_of(spoken, purpose=purpose),
        *(_media(Image, item, f"images[{i}]", purpose) for i, item in enumerate(images)),
        *(_media(Video, item, f"videos[{i}]", purpose) for i, item in enumerate(videos)),
    )


def _media(kind: type[Image] | type[Video], item: Media, path: str, purpose: Purpose) -> Part:
    if isinstance(item, bytes):
        return kind(data=item, path=path, purpose=purpose)
    if (isinstance(item, str) and "://" in item[:12]) or (isinstance(item, str) and item.startswith("data:")):
        return kind(url=item, path=path, purpose=purpose)
    try:
        return kind(data=Path(item).read_bytes(), path=path, purpose=purpose)
    except OSError as error:
        raise InputError(f"{path}: cannot read {item}: {error.strerror}", param=path) from error


def _classifiers(
    models: Classifier | str | Path | Sequence[Classifier | str | Path] | None,
) -> tuple[Classifier, ...]:
    if models is None:
        return (load_model("text"),)
    if isinstance(models, (str, Path, Classifier)):
        models = (models,)
    return tuple(load_model(str(item)) if isinstance(item, (str, Path)) else item for item in models)


def _table(classifiers: Sequence[Classifier]) -> FalseAlarmTable | None:
    """The first text model's card: thresholds given as false-alarm rates are resolved against it."""
    cards = [c.weights.manifest for c in classifiers if isinstance(c, _Carded) and "text" in c.kinds]
    return table_of(cards[0]) if cards else None
