"""The policy file as msgspec structs: one place that says which keys there are, of what type, with which defaults."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from ..models.crosswalk import labels
from ..models.taxonomy import SLUGS
from .blocks import CustomBlock, ExceptionBlock, ListBlock, PiiBlock, RuleBlock
from .described import describe
from .foreign import TAXONOMIES
from .media import MediaBlock
from .names import (
    DIRECTIONS,
    KINDS,
    LEVELS,
    POSSIBLE,
    POSSIBLE_UNJUDGED,
    SERVICES,
    THRESHOLD_KEYS,
    ActionName,
    DirectionName,
    SeverityName,
)

__all__ = [
    "DIRECTIONS",
    "KINDS",
    "LEVELS",
    "POSSIBLE",
    "POSSIBLE_UNJUDGED",
    "SERVICES",
    "THRESHOLD_KEYS",
    "ActionName",
    "DirectionName",
    "Document",
    "SeverityName",
    "json_schema",
]

Strategy: TypeAlias = Literal["blind", "guideline", "critique_refine", "corrector", "best_of_n", "rewrite_prompt"]
Prefill: TypeAlias = Literal["message", "vllm"]
Hold: TypeAlias = Literal["sentence", "answer"]
Mode: TypeAlias = Literal["enforce", "monitor"]
OnError: TypeAlias = Literal["closed", "open"]
BlockStyle: TypeAlias = Literal["refusal", "error"]
SupportMode: TypeAlias = Literal["message", "answer"]
ServiceApi: TypeAlias = Literal["chat", "completions"]
TaxonomyName: TypeAlias = Literal["openai", "azure", "llama_guard"]
Blocking: TypeAlias = Literal["new", "all"]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping that refuses keys it does not know."""


class Rows(Strict, frozen=True, kw_only=True):
    """An action for each severity; one that is left out is inherited."""

    minor: ActionName | UnsetType = UNSET
    moderate: ActionName | UnsetType = UNSET
    severe: ActionName | UnsetType = UNSET


class CategoryRows(Strict, frozen=True, kw_only=True):
    """What a category does differently from the rows of each direction."""

    input: ActionName | Rows | UnsetType = UNSET
    output: ActionName | Rows | UnsetType = UNSET
    tool_result: ActionName | Rows | UnsetType = UNSET
    document: ActionName | Rows | UnsetType = UNSET


class FalseAlarm(Strict, frozen=True, kw_only=True):
    """A threshold given as the share of harmless content, 0..1, that may be flagged on the calibration set.

    Without `fpr` it is the model's own operating point; `most` is the highest that it may be, and with `point` it is
    not above the operating point either.
    """

    fpr: float | None = None
    most: float | None = None
    point: bool = False


class Price(Strict, frozen=True, kw_only=True):
    """What a million tokens cost upstream, in the currency of the budget's `money`."""

    input: float = 0.0
    output: float = 0.0


class Budget(Strict, frozen=True, kw_only=True):
    """What all rounds together may cost; null is no bound."""

    seconds: float | None = 20.0
    tokens: int | None = 4000
    money: float | None = None
    price: Price | None = None


class RoundsWhen(Strict, frozen=True, kw_only=True):
    """The most rounds for a prompt that was itself flagged, guided or redacted; null leaves it at `rounds`."""

    flag: int | None = None
    guideline: int | None = None
    redact: int | None = None


class RegenerateBlock(Strict, frozen=True, kw_only=True):
    """How a rejected answer is made again: at most `rounds` draws, the caller's own request being the first.

    Of a list of strategies the k-th regeneration follows the k-th, and the last one repeats. `parallel` candidates are
    drawn at once in each regeneration.
    """

    rounds: int = 5
    rounds_when: RoundsWhen = RoundsWhen()
    strategy: Strategy | tuple[Strategy, ...] = "guideline"
    parallel: int = 1
    tighten: bool = True
    budget: Budget = Budget()
    least_severe: bool = False
    n: int = 3


class StreamBlock(Strict, frozen=True, kw_only=True):
    """What is held back of a stream until it is judged, and how much may leave before.

    `debounce` consecutive rejected pieces cut it; `prefill` lets upstream continue what was shown; `corrections` is how
    many of its sentences the corrector may replace.
    """

    hold: Hold = "sentence"
    max_exposed_chars: int = 0
    debounce: int = 2
    prefill: bool | Prefill = False
    corrections: int = 0


class Bound(Strict, frozen=True, kw_only=True):
    """The largest value of a sampling parameter that passes; null is no bound."""

    max: float | None


class CountBound(Strict, frozen=True, kw_only=True):
    """The largest whole number of a sampling parameter that passes; null is no bound."""

    max: int | None


class SamplingBlock(Strict, frozen=True, kw_only=True):
    """What a caller may ask of the sampler; a larger value is lowered to the bound, a dropped one left out."""

    temperature: Bound = Bound(max=1.2)
    top_p: Bound = Bound(max=1.0)
    top_k: CountBound = CountBound(max=None)
    n: CountBound = CountBound(max=4)
    max_tokens: CountBound = CountBound(max=None)
    drop: tuple[str, ...] = ("logit_bias",)
    system: str | None = None


class UnjudgedBlock(Strict, frozen=True, kw_only=True):
    """What is done with a part that no classifier reads, by kind."""

    text: ActionName = "refuse"
    image: ActionName = "flag"
    video: ActionName = "flag"
    opaque: ActionName = "flag"


class BlockTexts(Strict, frozen=True, kw_only=True):
    """What a person sees instead of blocked content: one text, or one a language; null is the built-in text."""

    style: BlockStyle = "refusal"
    message: str | dict[str, str] | None = None
    support: str | dict[str, str] | None = None
    support_mode: SupportMode = "message"


class GuidelineBlock(Strict, frozen=True, kw_only=True):
    """A guideline: always of use, or from a severity on, or where the prompt speaks of one of the phrases."""

    text: str
    when: tuple[str, ...] = ()
    severity: Literal["minor", "moderate", "severe"] = "minor"


class ConversationBlock(Strict, frozen=True, kw_only=True):
    """How earlier turns count: what blocks, and how many turns and how much of their risk a new one inherits."""

    block: Blocking = "new"
    window: int = 4
    decay: float = 0.5
    joined: bool = True


class BarBlock(Strict, frozen=True, kw_only=True):
    """From so many points on, everything is refused for so many seconds."""

    points: float
    seconds: float


class StrikesBlock(Strict, frozen=True, kw_only=True):
    """What a refused request costs its sender: points by its severity, half of them forgotten every `half_life`."""

    minor: float = 1
    moderate: float = 3
    severe: float = 10
    half_life: float = 3600
    refuse: tuple[BarBlock, ...] = ()


class ServiceBlock(Strict, frozen=True, kw_only=True):
    """A helper model behind an OpenAI-compatible server; `key_env` names the variable that holds its key."""

    url: str
    model: str
    key_env: str | None = None
    api: ServiceApi = "chat"
    timeout: float = 20.0


class ServicesBlock(Strict, frozen=True, kw_only=True):
    """The helper models that there are."""

    corrector: ServiceBlock | None = None
    rewriter: ServiceBlock | None = None
    critic: ServiceBlock | None = None


class ScoresBlock(Strict, frozen=True, kw_only=True):
    """The scores that a case pretends, so that it tests the policy's logic and no model."""

    unsafe: float = 0.0
    severity: int | SeverityName | None = None
    categories: dict[str, float] = {}
    sensitive: float | None = None


class CaseBlock(Strict, frozen=True, kw_only=True):
    """A test of the policy: a prompt (`input` means the same), an answer or both, and the action expected."""

    expect: ActionName
    prompt: str | UnsetType = UNSET
    input: str | UnsetType = UNSET
    response: str | UnsetType = UNSET
    direction: DirectionName | UnsetType = UNSET
    scores: ScoresBlock | UnsetType = UNSET
    note: str = ""


class Overlay(Strict, frozen=True, kw_only=True):
    """What a tenant or a route has of its own: of this and the policy, the more restrictive holds."""

    input: ActionName | Rows | UnsetType = UNSET
    output: ActionName | Rows | UnsetType = UNSET
    tool_result: ActionName | Rows | UnsetType = UNSET
    document: ActionName | Rows | UnsetType = UNSET
    categories: dict[str, CategoryRows] = {}
    thresholds: dict[str, float | FalseAlarm] = {}
    sampling: SamplingBlock | UnsetType = UNSET
    on_unjudged: UnjudgedBlock | Literal["strict"] | UnsetType = UNSET
    on_error: OnError | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    rules: dict[str, RuleBlock] = {}
    lists: dict[str, ListBlock] = {}


class Document(Strict, frozen=True, kw_only=True):
    """A whole policy file."""

    version: Literal[1]
    name: str | UnsetType = UNSET
    extends: str | UnsetType = UNSET
    taxonomy: TaxonomyName | UnsetType = UNSET
    mode: Mode = "enforce"
    input: ActionName | Rows | UnsetType = UNSET
    output: ActionName | Rows | UnsetType = UNSET
    tool_result: ActionName | Rows | UnsetType = UNSET
    document: ActionName | Rows | UnsetType = UNSET
    categories: dict[str, CategoryRows] = {}
    thresholds: dict[str, float | FalseAlarm] = {}
    regenerate: RegenerateBlock = RegenerateBlock()
    stream: StreamBlock = StreamBlock()
    speculate: bool = False
    sampling: SamplingBlock = SamplingBlock()
    on_unjudged: UnjudgedBlock | Literal["strict"] = UnjudgedBlock()
    on_error: OnError = "closed"
    block: BlockTexts = BlockTexts()
    guidelines: dict[str, str | tuple[GuidelineBlock, ...]] = {}
    conversation: ConversationBlock = ConversationBlock()
    services: ServicesBlock = ServicesBlock()
    strikes: StrikesBlock = StrikesBlock()
    rules: dict[str, RuleBlock | None] = {}
    exceptions: dict[str, ExceptionBlock | None] = {}
    lists: dict[str, ListBlock | None] = {}
    custom: dict[str, CustomBlock | None] = {}
    pii: PiiBlock | None = None
    media: MediaBlock = MediaBlock()
    tenants: dict[str, Overlay] = {}
    routes: dict[str, Overlay] = {}
    cases: tuple[CaseBlock, ...] = ()


def _foreign() -> list[str]:
    """Labels of the taxonomies that a policy may be written in."""
    return [
        label
        for label in dict.fromkeys(one for name in TAXONOMIES.values() for one in labels(name))
        if label not in SLUGS
    ]


def _suggest(found: dict[str, Any]) -> None:
    """Categories are offered, and patterns of them are taken too."""
    found.setdefault("examples", list(SLUGS))


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file, for editors; category names are listed in it."""
    schema = msgspec.json.schema(Document)
    properties = schema["$defs"]["Document"]["properties"]
    for key, names in (("categories", SLUGS), ("guidelines", SLUGS), ("thresholds", THRESHOLD_KEYS)):
        properties[key]["propertyNames"] = {"enum": [*names, *_foreign()]}
    schema["$defs"]["ScoresBlock"]["properties"]["categories"]["propertyNames"] = {"enum": list(SLUGS)}
    for name in ("WhenBlock", "ListBlock", "CustomBlock"):
        _suggest(schema["$defs"][name]["properties"]["category"])
    describe(schema)
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Headgate policy", **schema}
    return msgspec.json.decode(msgspec.json.encode(whole), type=dict[str, Any])
