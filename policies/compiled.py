"""A policy that can be run: frozen values only, with every default filled in."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from ..models.content import Kind
from .listed import Custom, Excuse, Pii, Rule, WordList
from .media import MediaBlock
from .schema import Blocking, BlockStyle, Hold, Mode, OnError, Prefill, ServiceApi, Strategy, SupportMode
from .thresholds import ThresholdPlan
from .verdict import Action

ActionRow: TypeAlias = tuple[Action, Action, Action, Action]
"""The actions of severities 0 to 3; that of severity 0 is always allow."""

RuleRow: TypeAlias = tuple[str, str, str, str]
"""The name of the line that decides each action of an ActionRow."""


class Regenerate(msgspec.Struct, frozen=True, kw_only=True):
    """How a rejected answer is made again; `seconds`, `tokens` and `money` bound all rounds, None is no bound.

    The k-th regeneration follows the k-th `strategy`, and the last one repeats. `rounds_when` are the most rounds by
    the action of the prompt; `price_input` and `price_output` are those of a million tokens.
    """

    rounds: int
    strategy: tuple[Strategy, ...]
    tighten: bool
    seconds: float | None
    tokens: int | None
    least_severe: bool
    n: int
    rounds_when: dict[str, int] = {}
    parallel: int = 1
    money: float | None = None
    price_input: float = 0.0
    price_output: float = 0.0


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What is held back of a stream until it is judged; `max_exposed_chars` may leave before.

    `debounce` consecutive rejected pieces cut it; `prefill` is how upstream takes the start of an answer, None: it does
    not; `corrections` is how many sentences the corrector may replace.
    """

    hold: Hold
    max_exposed_chars: int
    debounce: int = 1
    prefill: Prefill | None = None
    corrections: int = 0


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """Upper bounds of what a caller may ask of the sampler (None: no bound), what is dropped, and what is prepended."""

    temperature: float | None
    top_p: float | None
    top_k: int | None
    n: int | None
    max_tokens: int | None
    drop: tuple[str, ...]
    system: str | None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What a person sees instead of blocked content, by language; under `*` for any, and the built-in text where none.

    `support_mode`: a person at risk gets the text of support alone, or an answer with help lines beneath it.
    """

    style: BlockStyle
    message: dict[str, str]
    support: dict[str, str]
    support_mode: SupportMode


class Guideline(msgspec.Struct, frozen=True, kw_only=True):
    """What a model is told to mind: from a severity (1..3) on, and where it has phrases (`when`) if one is met."""

    text: str
    when: tuple[str, ...] = ()
    severity: int = 1


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """How earlier turns count: `window` user turns reach into a new one, each with `decay` of the next one's weight.

    `block`: new turns alone can stop an exchange, or all. `joined`: the turns of a window are also judged as one text.
    """

    block: Blocking
    window: int
    decay: float
    joined: bool


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """From `points` on, whoever has them is refused for `seconds`."""

    points: float
    seconds: float


class Strikes(msgspec.Struct, frozen=True, kw_only=True):
    """Points for a refused request by its severity 0..3; half are forgotten every `half_life` seconds."""

    points: tuple[float, float, float, float]
    half_life: float
    bars: tuple[Bar, ...]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A helper model: the base URL of an OpenAI-compatible server, a model, and the variable that holds the key.

    `timeout` is in seconds and bounds one call.
    """

    url: str
    model: str
    key_env: str | None
    api: ServiceApi
    timeout: float


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores that a case pretends; `severity` is 0..3 or None (not assessed)."""

    unsafe: float = 0.0
    severity: int | None = None
    categories: dict[str, float] = {}
    sensitive: float | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A test of the policy: what is judged, in which direction, and the action expected."""

    prompt: str
    response: str | None
    expect: Action
    direction: str
    scores: Scores | None
    note: str = ""


class CompiledPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A checked policy, made by `compile` alone.

    `matrix` and `rules` are total over direction, slug and severity 0..3. `hash` is that of the effective policy
    without cases, so that comments, layout and tests do not change it. `origins` maps a rule to its FILE:LINE.
    `raises` only tighten and `exceptions` only loosen, in this order. `tenants` and `routes` are whole policies of
    which the more restrictive holds: see `merge.effective`.
    """

    name: str
    hash: str
    mode: Mode
    matrix: dict[str, dict[str, ActionRow]]
    rules: dict[str, dict[str, RuleRow]]
    thresholds: ThresholdPlan
    on_unjudged: dict[Kind, Action]
    on_error: OnError
    regenerate: Regenerate
    stream: Stream
    speculate: bool
    sampling: Sampling
    block: Block
    guidelines: dict[str, tuple[Guideline, ...]]
    conversation: Conversation
    services: dict[str, Service]
    strikes: Strikes
    cases: tuple[Case, ...]
    origins: dict[str, str]
    document: dict[str, object]
    raises: tuple[Rule, ...] = ()
    exceptions: tuple[Excuse, ...] = ()
    lists: tuple[WordList, ...] = ()
    custom: tuple[Custom, ...] = ()
    pii: Pii | None = None
    media: MediaBlock = MediaBlock()
    tenants: dict[str, CompiledPolicy] = {}
    routes: dict[str, CompiledPolicy] = {}

    @property
    def seeks(self) -> bool:
        """Whether it looks for words, likenesses or personal data in texts."""
        return bool(self.lists or self.custom or self.pii)

    @property
    def has_more_to_say(self) -> bool:
        """Whether it says of a part anything that its scores alone do not."""
        return bool(self.raises or self.exceptions or self.seeks)

    @property
    def counts_strikes(self) -> bool:
        """Whether anything depends on the points of a sender."""
        if self.strikes.bars or not self.conditional:
            return bool(self.strikes.bars)
        whens = (*(rule.when for rule in self.raises), *(excuse.when for excuse in self.exceptions))
        return any(when.strikes for when in whens)

    @property
    def conditional(self) -> bool:
        """Whether what it says depends on the circumstances."""
        return bool(self.raises or self.exceptions or self.tenants or self.routes)
