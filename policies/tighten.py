"""Whether one policy is nowhere weaker than another: what a caller may ask for in place of the one it is given."""

from __future__ import annotations

from collections.abc import Iterator

from .compiled import CompiledPolicy
from .listed import Pii
from .thresholds import Thresholds
from .verdict import Action


def loosened(
    given: CompiledPolicy, asked: CompiledPolicy, *, given_at: Thresholds, asked_at: Thresholds
) -> tuple[str, ...]:
    """Every setting in which `asked` lets through what `given` does not, by its key; empty where it only tightens.

    Thresholds are those resolved on the same models. What costs the operator (rounds, budgets, helpers) must not grow.
    """
    return (
        *_matrix(given, asked),
        *_thresholds(given_at, asked_at),
        *_unjudged(given, asked),
        *_sampling(given, asked),
        *_rest(given, asked),
        *_listed(given, asked),
    )


def _matrix(given: CompiledPolicy, asked: CompiledPolicy) -> Iterator[str]:
    for direction, rows in given.matrix.items():
        for slug, row in rows.items():
            mine = asked.matrix[direction][slug]
            weaker = any(theirs < ours for ours, theirs in zip(row, mine, strict=True))
            # A person at risk is owed help: a plain refusal in its place is no tightening.
            if weaker or (Action.SUPPORT in row and Action.SUPPORT not in mine):
                yield f"categories.{slug}.{direction}"


def _thresholds(given: Thresholds, asked: Thresholds) -> Iterator[str]:
    if asked.default > given.default:
        yield "thresholds.default"
    if asked.sensitive > given.sensitive:
        yield "thresholds.sensitive"
    for slug, at in given.alone.items():
        if asked.alone.get(slug, 2.0) > at:
            yield f"thresholds.{slug}"
    for slug, at in given.categories.items():
        if slug not in given.alone and asked.alone.get(slug, asked.categories.get(slug, 2.0)) > at:
            yield f"thresholds.{slug}"


def _unjudged(given: CompiledPolicy, asked: CompiledPolicy) -> Iterator[str]:
    for kind, action in given.on_unjudged.items():
        if asked.on_unjudged[kind] < action:
            yield f"on_unjudged.{kind}"
    if asked.on_error == "open" and given.on_error != "open":
        yield "on_error"
    if asked.mode != "enforce" and given.mode == "enforce":
        yield "mode"


def _sampling(given: CompiledPolicy, asked: CompiledPolicy) -> Iterator[str]:
    for name in ("temperature", "top_p", "top_k", "n", "max_tokens"):
        if _larger(getattr(asked.sampling, name), getattr(given.sampling, name)):
            yield f"sampling.{name}"
    if not set(given.sampling.drop) <= set(asked.sampling.drop):
        yield "sampling.drop"
    if given.sampling.system is not None and asked.sampling.system != given.sampling.system:
        yield "sampling.system"


def _rest(given: CompiledPolicy, asked: CompiledPolicy) -> Iterator[str]:
    for name in ("rounds", "seconds", "tokens", "money", "n", "parallel"):
        if _larger(getattr(asked.regenerate, name), getattr(given.regenerate, name)):
            yield f"regenerate.{name}"
    if asked.regenerate.least_severe and not given.regenerate.least_severe:
        yield "regenerate.least_severe"
    if given.regenerate.tighten and not asked.regenerate.tighten:
        yield "regenerate.tighten"
    if asked.stream.max_exposed_chars > given.stream.max_exposed_chars:
        yield "stream.max_exposed_chars"
    if asked.stream.debounce > given.stream.debounce:
        yield "stream.debounce"
    if asked.speculate and not given.speculate:
        yield "speculate"
    if given.conversation.block == "all" and asked.conversation.block != "all":
        yield "conversation.block"
    if any(asked.services.get(name) != service for name, service in given.services.items()) or (
        asked.services.keys() - given.services.keys()
    ):
        yield "services"
    if given.strikes.bars and asked.strikes != given.strikes:
        yield "strikes"


def _listed(given: CompiledPolicy, asked: CompiledPolicy) -> Iterator[str]:
    """What the one looks for and the other does not, and what the other excuses; overlays belong to their policy."""
    if not set(given.raises) <= set(asked.raises):
        yield "rules"
    if not set(asked.exceptions) <= set(given.exceptions):
        yield "exceptions"
    stops = {entry for entry in given.lists if not entry.allow}
    excuses = {entry for entry in asked.lists if entry.allow}
    if not stops <= set(asked.lists) or not excuses <= set(given.lists):
        yield "lists"
    if not set(given.custom) <= set(asked.custom):
        yield "custom"
    if given.pii is not None and (asked.pii is None or _milder(given.pii, asked.pii)):
        yield "pii"
    for key in ("tenants", "routes"):
        if getattr(given, key) and getattr(asked, key) != getattr(given, key):
            yield key


def _milder(given: Pii, asked: Pii) -> bool:
    fewer = not set(given.kinds) <= set(asked.kinds)
    return fewer or any(asked.actions[direction] < action for direction, action in given.actions.items())


def _larger(asked: float | None, given: float | None) -> bool:
    """Whether a bound lets more through; None is no bound."""
    return given is not None and (asked is None or asked > given)
