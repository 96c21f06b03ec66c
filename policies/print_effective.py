"""A compiled policy as a whole document: what is in force, wherever it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from .compiled import ActionRow, CompiledPolicy
from .listed import Custom, Pii, When, WordList
from .names import DIRECTIONS, LEVELS
from .show import PolicyDumper
from .thresholds import Number, Rate, ThresholdPlan


def print_effective(policy: CompiledPolicy) -> str:
    """The policy as YAML without cases; read again, it decides the same."""
    document = effective_document(policy)
    return yaml.dump(document, Dumper=PolicyDumper, sort_keys=False, allow_unicode=True, width=118)


def changes(policy: CompiledPolicy, effective: CompiledPolicy) -> list[str]:
    """Every cell in which an overlay is stricter, one line each: `input.drugs.minor: allow -> flag (input.minor)`."""
    found = []
    for direction, rows in policy.matrix.items():
        for slug, row in rows.items():
            for level in range(1, 4):
                before, after = row[level], effective.matrix[direction][slug][level]
                if before is not after:
                    rule = effective.rules[direction][slug][level]
                    found.append(f"{direction}.{slug}.{LEVELS[level - 1]}: {before} -> {after} ({rule})")
    return found


def effective_document(policy: CompiledPolicy) -> dict[str, Any]:
    """The document: the commonest row of each direction, and the categories that differ from it."""
    general: dict[str, ActionRow] = {direction: _commonest(policy.matrix[direction]) for direction in DIRECTIONS}
    document: dict[str, Any] = {"version": 1, "name": policy.name, "mode": policy.mode}
    document |= {direction: _row(general[direction]) for direction in DIRECTIONS}
    document["categories"] = _categories(policy, general)
    document["thresholds"] = _thresholds(policy.thresholds)
    document |= _blocks(policy)
    document["rules"] = {
        rule.name: {"when": _when(rule.when), "action": rule.action.value} for rule in policy.raises
    }  # fmt: skip
    document["exceptions"] = {
        one.name: {
            "when": _when(one.when),
            "action": one.action.value,
            "reason": one.reason,
            "expires": one.expires,
        }
        for one in policy.exceptions
    }
    document["lists"] = {one.name: _list(one) for one in policy.lists}
    document["custom"] = {one.name: _custom(one) for one in policy.custom}
    document["pii"] = None if policy.pii is None else _pii(policy.pii)
    return document


def _commonest(rows: Mapping[str, ActionRow]) -> ActionRow:
    return Counter(rows.values()).most_common(1)[0][0]


def _row(row: ActionRow) -> dict[str, str]:
    return {level: action.value for level, action in zip(LEVELS, row[1:], strict=True)}


def _categories(policy: CompiledPolicy, general: Mapping[str, ActionRow]) -> dict[str, Any]:
    # Where a category has a line at all, it is written in every direction: what lies beneath has lines of its own.
    found: dict[str, Any] = {}
    for slug in policy.matrix["input"]:
        if slug in _BENEATH or any(policy.matrix[direction][slug] != general[direction] for direction in DIRECTIONS):
            found[slug] = {direction: _row(policy.matrix[direction][slug]) for direction in DIRECTIONS}
    return found


_BENEATH = ("child_safety", "self_harm", "prompt_attack")
"""Categories that the base of all policies has lines for."""


def _thresholds(plan: ThresholdPlan) -> dict[str, Any]:
    named = {"default": plan.default, "sensitive": plan.sensitive, **plan.categories}
    return {key: _threshold(wanted) for key, wanted in named.items() if wanted is not None}


def _threshold(wanted: Number | Rate) -> object:
    if isinstance(wanted, Number):
        return wanted.at
    plain: dict[str, object] = {"fpr": wanted.fpr, "most": wanted.most, "point": wanted.point or None}
    return {key: value for key, value in plain.items() if value is not None}


def _blocks(policy: CompiledPolicy) -> dict[str, Any]:
    plan, sampling, stream, strikes = policy.regenerate, policy.sampling, policy.stream, policy.strikes
    price = {"input": plan.price_input, "output": plan.price_output}
    budget = {"seconds": plan.seconds, "tokens": plan.tokens, "money": plan.money}
    return {
        "regenerate": {
            "rounds": plan.rounds,
            "rounds_when": plan.rounds_when,
            "strategy": list(plan.strategy),
            "parallel": plan.parallel,
            "tighten": plan.tighten,
            "budget": budget | ({"price": price} if any(price.values()) else {}),
            "least_severe": plan.least_severe,
            "n": plan.n,
        },
        "stream": msgspec.structs.asdict(stream) | {"prefill": stream.prefill or False},
        "speculate": policy.speculate,
        "media": msgspec.structs.asdict(policy.media) | {"hosts": list(policy.media.hosts)},
        "sampling": {name: {"max": getattr(sampling, name)} for name in _BOUNDS}
        | {"drop": list(sampling.drop), "system": sampling.system},
        "on_unjudged": {kind: action.value for kind, action in policy.on_unjudged.items()},
        "on_error": policy.on_error,
        "block": msgspec.structs.asdict(policy.block)
        | {key: getattr(policy.block, key) or None for key in ("message", "support")},
        "guidelines": {
            slug: [
                {"text": one.text, "when": list(one.when), "severity": LEVELS[one.severity - 1]} for one in guidelines
            ]
            for slug, guidelines in policy.guidelines.items()
        },
        "conversation": msgspec.structs.asdict(policy.conversation),
        "services": {name: msgspec.structs.asdict(service) for name, service in policy.services.items()},
        "strikes": dict(zip(LEVELS, strikes.points[1:], strict=True))
        | {"half_life": strikes.half_life, "refuse": [msgspec.structs.asdict(bar) for bar in strikes.bars]},
    }


_BOUNDS = ("temperature", "top_p", "top_k", "n", "max_tokens")


def _when(when: When) -> dict[str, Any]:
    plain = {name: list(value) for name in _WORDS if (value := getattr(when, name))}
    severity = {"severity": LEVELS[when.severity - 1]} if when.severity else {}
    return plain | severity | ({"strikes": when.strikes} if when.strikes else {})


_WORDS = ("tenant", "route", "model", "language", "tool", "category", "direction", "kind", "purpose")


def _list(one: WordList) -> dict[str, Any]:
    return _line(one) | {
        "words": list(one.words),
        "regex": list(one.regex),
        "file": one.file or None,
        "allow": one.allow,
        "whole_words": one.whole_words,
        "ignore_case": one.ignore_case,
    }


def _custom(one: Custom) -> dict[str, Any]:
    found = {"examples": list(one.examples), "counterexamples": list(one.counterexamples), "by": one.by}
    return _line(one) | found | ({} if one.threshold is None else {"threshold": one.threshold})


def _line(one: WordList | Custom) -> dict[str, Any]:
    found: dict[str, Any] = {"category": one.category, "severity": LEVELS[one.severity - 1]}
    if one.action is not None:
        found["action"] = one.action.value
    if one.directions:
        found["direction"] = list(one.directions)
    return found


def _pii(pii: Pii) -> dict[str, Any]:
    actions = {direction: action.value for direction, action in pii.actions.items()}
    return {"kinds": list(pii.kinds), **actions, "region": pii.region, "restore": pii.restore}
