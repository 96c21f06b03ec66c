"""Two policies as one of which the more restrictive holds, setting by setting; associative, and idempotent.

What is no matter of strictness (texts, guidelines, the name) is the first one's where it says something.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import reduce
from typing import TypeVar

import msgspec

from .compile import hash_of
from .compiled import ActionRow, Block, CompiledPolicy, Conversation, Regenerate, RuleRow, Sampling, Stream, Strikes
from .listed import Pii, WordList
from .media import Fetch, MediaBlock
from .thresholds import ThresholdPlan, stricter

V = TypeVar("V")


def effective(policy: CompiledPolicy, *, tenant: str = "", route: str = "") -> CompiledPolicy:
    """The policy that holds for a tenant on a route: its own, tightened by every overlay whose name fits."""
    overlays = [
        overlay
        for named, name in ((policy.tenants, tenant), (policy.routes, route))
        for pattern, overlay in named.items()
        if name and fnmatchcase(name, pattern.replace("[", "[[]"))
    ]
    if not overlays:
        return policy
    alone = msgspec.structs.replace(policy, tenants={}, routes={})
    return reduce(merge, overlays, msgspec.structs.replace(alone, hash=hash_of(alone)))


def merge(one: CompiledPolicy, other: CompiledPolicy) -> CompiledPolicy:
    """A policy that lets through only what both let through."""
    rows = {d: {slug: _cells(one, other, d, slug) for slug in own} for d, own in one.matrix.items()}
    merged = msgspec.structs.replace(
        one,
        mode="enforce" if "enforce" in (one.mode, other.mode) else "monitor",
        matrix={d: {slug: cells.actions for slug, cells in own.items()} for d, own in rows.items()},
        rules={d: {slug: cells.rules for slug, cells in own.items()} for d, own in rows.items()},
        thresholds=_thresholds(one.thresholds, other.thresholds),
        on_unjudged={kind: max(action, other.on_unjudged[kind]) for kind, action in one.on_unjudged.items()},
        on_error="closed" if "closed" in (one.on_error, other.on_error) else "open",
        regenerate=_regenerate(one.regenerate, other.regenerate),
        stream=_stream(one.stream, other.stream),
        speculate=one.speculate and other.speculate,
        sampling=_sampling(one.sampling, other.sampling),
        block=_block(one.block, other.block),
        guidelines=_joined(one.guidelines, other.guidelines),
        conversation=_conversation(one.conversation, other.conversation),
        services={**other.services, **one.services},
        strikes=_strikes(one.strikes, other.strikes),
        origins={**other.origins, **one.origins},
        media=_media(one.media, other.media),
        raises=_union(one.raises, other.raises),
        # Only what both excuse is excused.
        exceptions=tuple(excuse for excuse in one.exceptions if excuse in other.exceptions),
        lists=_lists(one, other),
        custom=_union(one.custom, other.custom),
        pii=_pii(one.pii, other.pii),
        tenants={**other.tenants, **one.tenants},
        routes={**other.routes, **one.routes},
    )
    return msgspec.structs.replace(merged, hash=hash_of(merged))


class _Cells(msgspec.Struct, frozen=True):
    actions: ActionRow
    rules: RuleRow


def _cells(one: CompiledPolicy, other: CompiledPolicy, direction: str, slug: str) -> _Cells:
    """The stricter cell of each severity, with the line that decides it; of equal ones the first policy's."""
    mine, theirs = one.matrix[direction][slug], other.matrix[direction][slug]
    mine_rules, their_rules = one.rules[direction][slug], other.rules[direction][slug]
    picked = [theirs[level] > mine[level] for level in range(4)]
    none, minor, moderate, severe = (theirs[level] if picked[level] else mine[level] for level in range(4))
    rules = [their_rules[level] if picked[level] else mine_rules[level] for level in range(4)]
    return _Cells((none, minor, moderate, severe), (rules[0], rules[1], rules[2], rules[3]))


def _thresholds(one: ThresholdPlan, other: ThresholdPlan) -> ThresholdPlan:
    slugs = sorted(one.categories.keys() | other.categories.keys())
    stricter_of = {slug: stricter(one.categories.get(slug), other.categories.get(slug)) for slug in slugs}
    return ThresholdPlan(
        default=stricter(one.default, other.default),
        sensitive=stricter(one.sensitive, other.sensitive),
        categories={slug: wanted for slug, wanted in stricter_of.items() if wanted is not None},
    )


def _regenerate(one: Regenerate, other: Regenerate) -> Regenerate:
    actions = sorted(one.rounds_when.keys() | other.rounds_when.keys())
    return msgspec.structs.replace(
        one,
        rounds=min(one.rounds, other.rounds),
        rounds_when={
            name: min(one.rounds_when.get(name, one.rounds), other.rounds_when.get(name, other.rounds))
            for name in actions
        },
        tighten=one.tighten or other.tighten,
        seconds=_least(one.seconds, other.seconds),
        tokens=_least(one.tokens, other.tokens),
        money=_least(one.money, other.money),
        price_input=max(one.price_input, other.price_input),
        price_output=max(one.price_output, other.price_output),
        least_severe=one.least_severe and other.least_severe,
        n=min(one.n, other.n),
        parallel=min(one.parallel, other.parallel),
    )


def _stream(one: Stream, other: Stream) -> Stream:
    return Stream(
        hold="answer" if "answer" in (one.hold, other.hold) else "sentence",
        max_exposed_chars=min(one.max_exposed_chars, other.max_exposed_chars),
        debounce=min(one.debounce, other.debounce),
        prefill=one.prefill if one.prefill == other.prefill else None,
        corrections=min(one.corrections, other.corrections),
    )


def _sampling(one: Sampling, other: Sampling) -> Sampling:
    return Sampling(
        temperature=_least(one.temperature, other.temperature),
        top_p=_least(one.top_p, other.top_p),
        top_k=_least(one.top_k, other.top_k),
        n=_least(one.n, other.n),
        max_tokens=_least(one.max_tokens, other.max_tokens),
        drop=tuple(sorted({*one.drop, *other.drop})),
        system=other.system if one.system is None else one.system,
    )


def _block(one: Block, other: Block) -> Block:
    return Block(
        style=one.style,
        message=one.message or other.message,
        support=one.support or other.support,
        support_mode="message" if "message" in (one.support_mode, other.support_mode) else "answer",
    )


def _conversation(one: Conversation, other: Conversation) -> Conversation:
    return Conversation(
        block="all" if "all" in (one.block, other.block) else "new",
        window=max(one.window, other.window),
        decay=max(one.decay, other.decay),
        joined=one.joined or other.joined,
    )


def _media(one: MediaBlock, other: MediaBlock) -> MediaBlock:
    """What both would fetch: from hosts that both name, and nothing where they have none in common."""
    if one == other:
        return one
    hosts = tuple(host for host in one.hosts if host in other.hosts) if one.hosts and other.hosts else None
    fetch = _FETCHES[min(_FETCHES.index(one.fetch), _FETCHES.index(other.fetch))]
    if hosts == () or fetch == "none":
        fetch, hosts = "none", ()
    return MediaBlock(
        fetch=fetch,
        hosts=one.hosts or other.hosts if hosts is None else hosts,
        max_bytes=min(one.max_bytes, other.max_bytes),
        seconds=min(one.seconds, other.seconds),
    )


_FETCHES: tuple[Fetch, ...] = ("none", "https", "http")


def _strikes(one: Strikes, other: Strikes) -> Strikes:
    none, minor, moderate, severe = (max(pair) for pair in zip(one.points, other.points, strict=True))
    bars = dict.fromkeys((*one.bars, *other.bars))
    return Strikes(
        points=(none, minor, moderate, severe),
        half_life=max(one.half_life, other.half_life),
        bars=tuple(sorted(bars, key=lambda bar: (bar.points, bar.seconds))),
    )


def _lists(one: CompiledPolicy, other: CompiledPolicy) -> tuple[WordList, ...]:
    """Every list that stops something, and those that excuse only where both have them."""
    mine = (entry for entry in one.lists if not entry.allow or entry in other.lists)
    return _union(mine, (entry for entry in other.lists if not entry.allow))


def _pii(one: Pii | None, other: Pii | None) -> Pii | None:
    if one is None or other is None:
        return one or other
    return Pii(
        kinds=_union(one.kinds, other.kinds),
        actions={direction: max(action, other.actions[direction]) for direction, action in one.actions.items()},
        region=one.region or other.region,
        restore=one.restore and other.restore,
    )


def _joined(one: dict[str, tuple[V, ...]], other: dict[str, tuple[V, ...]]) -> dict[str, tuple[V, ...]]:
    slugs = sorted(one.keys() | other.keys())
    return {slug: _union(one.get(slug, ()), other.get(slug, ())) for slug in slugs}


def _union(one: Iterable[V], other: Iterable[V]) -> tuple[V, ...]:
    """Everything of both, once, in order; whatever it is, equal encodings are equal."""
    found: dict[bytes, V] = {}
    for item in (*one, *other):
        found.setdefault(msgspec.json.encode(item, order="sorted"), item)
    return tuple(found.values())


def _least(one: V | None, other: V | None) -> V | None:
    """The smaller bound; None is none."""
    return min((bound for bound in (one, other) if bound is not None), default=None)  # type: ignore[type-var]
