"""OpenAI's moderation endpoint: its input as what is judged, and judgements in its thirteen categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ...models.assessment import Assessed, Assessment, Severity, expected_severity
from ...models.content import Image, Part, Text, kind_of
from ...models.crosswalk import exported, imported, labels
from ...models.errors import InputError
from ...models.taxonomy import SLUGS
from ...policies.decide import Decision
from ...policies.verdict import DELIVERS, Finding
from .json_body import decode_object

MOST_INPUTS: Final = 2048
"""Inputs that one request may have."""

_EXAMPLES: Final = '"some text", ["one text", "another"] or [{"type": "text", "text": "…"}, {"type": "image_url", …}]'
_SEEN: Final = frozenset(
    ["self-harm", "self-harm/intent", "self-harm/instructions", "sexual", "violence", "violence/graphic"]
)
"""The categories that OpenAI says of an image; its clients' types know no others."""
_SPEAKER: Final = "a person at risk"


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One of OpenAI's categories in ours: any of `alone` is enough, or all of `jointly`.

    `severe`: only what is severe counts. `speaker`: a person at risk who speaks counts as well.
    """

    name: str
    alone: tuple[str, ...] = ()
    jointly: tuple[str, ...] = ()
    severe: bool = False
    speaker: bool = False


def _label(name: str) -> Label:
    meaning = imported("OAI", name)
    if name.endswith("/threatening"):
        # An insult is no threat, nor is every violence an insult: it takes both.
        return Label(name=name, jointly=(meaning.primary, *meaning.also))
    alone = tuple(slug for slug in SLUGS if name in exported("OAI", slug).primary)
    match name:
        case "illicit/violent":
            # Violence alone is a threat or a scene, and helps nobody to a crime.
            return Label(name=name, alone=tuple(slug for slug in alone if slug != "violence"))
        case "self-harm/intent":
            # Who encourages others has no such intent; the model has a head of its own for who does.
            return Label(name=name, speaker=True)
        case _:
            severe = meaning.severity == Severity.SEVERE
            return Label(name=name, alone=alone, severe=severe, speaker=name == "self-harm")


LABELS: Final = tuple(map(_label, labels("OAI")))


def parse_moderation(raw: bytes) -> tuple[tuple[Part, ...], ...]:
    """The parts of each input, in order: one result is due for each. InputError names the field and the remedy."""
    body = decode_object(raw)
    if not isinstance(body.get("model"), (str, type(None))):
        raise InputError("'model' must be a string; any name will do", param="model")
    given = body.get("input")
    if isinstance(given, str):
        return ((Text(text=given, path="input"),),)
    if not isinstance(given, list) or not given:
        raise InputError(f"'input' must be {_EXAMPLES}", param="input")
    if len(given) > MOST_INPUTS:
        raise InputError(f"'input' has {len(given)} items: send at most {MOST_INPUTS} at once", param="input")
    if all(isinstance(item, str) for item in given):
        return tuple((Text(text=text, path=f"input[{index}]"),) for index, text in enumerate(given))
    # Parts of one thing that was said: they are judged each, and answered together.
    return (tuple(_part(item, f"input[{index}]") for index, item in enumerate(given)),)


def result(parts: Sequence[Part], assessments: Sequence[Assessment], decision: Decision) -> dict[str, Any]:
    """One result: OpenAI's fields, and beside them under `headgate` what it has no words for.

    `flagged` is true where any threshold of the policy is reached, or where the policy lets nothing pass unjudged.
    """
    judged = [(kind_of(part), found) for part, found in zip(parts, assessments, strict=True)]
    assessed = [(kind, found) for kind, found in judged if isinstance(found, Assessed)]
    missed = decision.coverage.unjudged
    everything = [found for _, found in assessed]
    return {
        "flagged": bool(decision.findings) or any(miss.action not in DELIVERS for miss in missed),
        "categories": {label.name: _found(label, decision.findings) for label in LABELS},
        "category_scores": {label.name: _score(label, everything, decision.findings) for label in LABELS},
        "category_applied_input_types": {
            label.name: [
                kind
                for kind in ("text", "image")
                if (kind == "text" or label.name in _SEEN)
                and any(seen == kind and _speaks_of(label, found) for seen, found in assessed)
            ]
            for label in LABELS
        },
        "headgate": _ours(everything, decision),
    }


def response(identity: str, models: Sequence[str], results: Sequence[dict[str, Any]]) -> bytes:
    """The whole answer; `model` names the models that judged, whatever was asked for."""
    return msgspec.json.encode({"id": f"modr-{identity}", "model": ",".join(models), "results": results})


def _part(item: object, path: str) -> Part:
    kind = item.get("type") if isinstance(item, dict) else None
    if isinstance(item, dict) and kind == "text":
        text = item.get("text")
        if not isinstance(text, str):
            raise InputError(f"'{path}.text' must be a string", param=f"{path}.text")
        return Text(text=text, path=path)
    if isinstance(item, dict) and kind == "image_url":
        image = item.get("image_url")
        url = image.get("url") if isinstance(image, dict) else image
        if not isinstance(url, str) or not url.startswith(("https://", "http://", "data:")):
            message = f"'{path}.image_url.url' must be a URL that starts with https://, http:// or data:"
            raise InputError(message, param=f"{path}.image_url.url")
        return Image(url=url, path=path)
    message = f"'{path}' must be an object of type text or image_url, and no string among such: {_EXAMPLES}"
    raise InputError(message, param=path)


def _found(label: Label, findings: Sequence[Finding]) -> bool:
    return bool(_sure(label, findings))


def _sure(label: Label, findings: Sequence[Finding]) -> float:
    """How sure the findings are that make a label true; 0 where none does."""
    sure: dict[str, float] = {}
    for finding in findings:
        if finding.rule == "support":
            counts, key = label.speaker, _SPEAKER
        else:
            counts, key = not label.severe or finding.severity is Severity.SEVERE, finding.category
        if counts:
            sure[key] = max(sure.get(key, 0.0), finding.confidence)
    return max(
        [
            *(sure.get(slug, 0.0) for slug in label.alone),
            min((sure.get(slug, 0.0) for slug in label.jointly), default=0.0),
            sure.get(_SPEAKER, 0.0),
        ]
    )


def _score(label: Label, assessed: Sequence[Assessed], findings: Sequence[Finding]) -> float:
    """The worst score of any part, and never less than what made the label true.

    A text may be unsafe beyond doubt and its category in doubt: then its likeliest category is found for sure.
    """
    worst = max((_of_one(label, found) for found in assessed), default=0.0)
    return round(max(worst, _sure(label, findings)), 6)


def _of_one(label: Label, found: Assessed) -> float:
    """The score of one part: the worst of what is enough alone, and the least of what must come together."""
    scores = [found.categories.get(slug) or 0.0 for slug in label.alone]
    if label.jointly:
        scores.append(min(found.categories.get(slug) or 0.0 for slug in label.jointly))
    score = max(scores, default=0.0)
    if label.severe and found.severity is not None:
        score = min(score, found.severity[Severity.SEVERE])
    return max(score, found.sensitive or 0.0) if label.speaker else score


def _speaks_of(label: Label, found: Assessed) -> bool:
    """Whether the model can say anything of it: a category without a score was not assessed, and is not safe."""
    known = {slug for slug, score in found.categories.items() if score is not None}
    return (
        any(slug in known for slug in label.alone)
        or (bool(label.jointly) and known.issuperset(label.jointly))
        or (label.speaker and found.sensitive is not None)
    )


def _ours(assessed: Sequence[Assessed], decision: Decision) -> dict[str, Any]:
    scores: dict[str, float | None] = {}
    for slug in SLUGS:
        known = [score for found in assessed if (score := found.categories.get(slug)) is not None]
        scores[slug] = round(max(known), 6) if known else None
    severities = [level for found in assessed if (level := expected_severity(found)) is not None]
    return {
        "action": decision.action.value,
        "unsafe": round(max(found.unsafe for found in assessed), 6) if assessed else None,
        "severity": round(max(severities), 4) if severities else None,
        "categories": scores,
        "findings": decision.findings,
        "judged": decision.coverage.judged,
        "unjudged": decision.coverage.unjudged,
    }
