"""What one row asks to judge: one exchange, or the two sides of a preference pair, and one verdict for the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ...models.content import Text
from ...models.errors import InputError
from ...policies.verdict import Coverage, Finding, Missed, Verdict
from ..bulk import Concluded
from ..conversation import message_of
from ..rows import Columns, Exchange, beside, exchange, media_of
from .media import with_images
from .presets import prepared

_ANSWER: Final = "response[0]"
_PAIR: Final = ("chosen", "rejected")
_EXCERPT: Final = 600


class Sides(msgspec.Struct, frozen=True):
    """Exchanges of one row; `names` are the columns of a preference pair's sides, empty where there is one exchange.

    A chat beside a pair has an exchange without a name.
    """

    exchanges: tuple[Exchange, ...]
    names: tuple[str, ...] = ()


def sides(row: Mapping[str, Any], layout: Columns, *, preset: str = "") -> Sides:
    """What the row asks to judge; InputError names the column that is missing or cannot be read."""
    if preset:
        row = prepared(row, preset)
    pair = {name: value for name in _PAIR if (value := layout.get(row, name)) is not None}
    if not any(value != "" for value in pair.values()):
        return Sides((exchange(row, layout),))
    prompt, chat = layout.get(row, "prompt"), layout.get(row, "messages")
    if not prompt and _asks(chat):
        prompt, chat = chat, None
    shown = media_of(row, layout)
    found = [_side(name, value, prompt, layout) for name, value in pair.items()]
    found = [msgspec.structs.replace(one, prompt=(*one.prompt, *shown)) for one in found]
    # Once is enough, on the side that decides.
    more = {name: layout.get(row, name) for name in ("response", "text")}
    found[0] = beside(found[0], more if isinstance(chat, list) else {**more, "messages": chat})
    if isinstance(chat, list) and chat and chat not in pair.values():
        return Sides((*found, exchange({"messages": chat}, Columns())), (*pair, ""))
    return Sides(tuple(found), tuple(pair))


def asked_messages(row: Mapping[str, Any], layout: Columns, *, preset: str = "") -> list[dict[str, Any]]:
    """The conversation that a row's answer answers, as a chat model is sent it; empty where the row has none.

    Images of a row go with its last question; InputError for media that cannot be sent.
    """
    if preset:
        row = prepared(row, preset)
    messages, prompt = layout.get(row, "messages"), layout.get(row, "prompt")
    if isinstance(messages, list):
        asked = list(messages if _asks(messages) else messages[:-1])
    else:
        asked = [message_of(prompt)] if isinstance(prompt, str) else []
    shown = media_of(row, layout)
    return with_images(asked, shown) if asked and shown else asked


def joined(found: Sequence[Concluded], both: Sides, *, spare_rejected: bool = False) -> Concluded:
    """One conclusion: the stronger of both sides, findings named after their column.

    With `spare_rejected` the rejected side is judged and reported, and does not decide where there is a chosen one.
    """
    if not both.names:
        return found[0]
    verdicts = [_named(one.verdict, name) for one, name in zip(found, both.names, strict=True)]
    spared = "rejected" if spare_rejected and "chosen" in both.names else None
    decides = [one for one, name in zip(verdicts, both.names, strict=True) if name != spared]
    strongest = max(decides, key=lambda verdict: verdict.action.force)
    verdict = msgspec.structs.replace(
        strongest,
        findings=_once(finding for one in verdicts for finding in one.findings),
        coverage=Coverage(
            judged=tuple(dict.fromkeys(path for one in verdicts for path in one.coverage.judged)),
            unjudged=tuple(dict.fromkeys(missed for one in verdicts for missed in one.unjudged)),
        ),
    )
    return Concluded(
        verdict,
        tuple(assessment for one in found for assessment in one.assessments),
        tuple(own_path(path, name) for one, name in zip(found, both.names, strict=True) for path in one.paths),
    )


def own_path(path: str, name: str) -> str:
    """The path of a part under the column's name: what the loop calls the answer is the pair's `chosen`."""
    return path.replace(_ANSWER, name, 1) if name and path.startswith(_ANSWER) else path


def excerpt(both: Sides) -> str:
    """The start of what a row says, for a person to look at."""
    texts: list[str] = []
    for one in both.exchanges:
        texts += [part.text for part in one.prompt if isinstance(part, Text)]
        answer: str | Mapping[str, Any] | None = one.response
        if answer is not None:
            texts.append(answer if isinstance(answer, str) else str(answer.get("content") or ""))
    whole = "\n— ".join(texts)
    return whole[:_EXCERPT] + ("…" if len(whole) > _EXCERPT else "")


def _side(name: str, value: Any, prompt: Any, layout: Columns) -> Exchange:
    if isinstance(value, list):
        if isinstance(prompt, list) and value[: len(prompt)] != prompt:
            value = [*prompt, *value]
        return exchange({"messages": value, "prompt": None if isinstance(prompt, list) else prompt}, Columns())
    if not isinstance(value, str):
        column = layout.names.get(name, name)
        raise InputError(f"{column} must be a text or a list of messages, not {type(value).__name__}", param=name)
    if isinstance(prompt, list):
        return exchange({"messages": [*prompt, {"role": "assistant", "content": value}]}, Columns())
    return exchange({"prompt": prompt, "response": value, "kind": "pair"}, Columns())


def _asks(messages: Any) -> bool:
    """Whether these are messages that an answer is to follow."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    return isinstance(last, Mapping) and last.get("role") != "assistant"


def _named(verdict: Verdict, name: str) -> Verdict:
    """The verdict with parts of the answer under the column's name."""

    return msgspec.structs.replace(
        verdict,
        findings=tuple(_moved(finding, own_path(finding.part, name)) for finding in verdict.findings),
        coverage=Coverage(
            judged=tuple(own_path(path, name) for path in verdict.coverage.judged),
            unjudged=tuple(_renamed(missed, own_path(missed.part, name)) for missed in verdict.unjudged),
        ),
    )


def _moved(finding: Finding, part: str) -> Finding:
    return msgspec.structs.replace(finding, part=part)


def _renamed(missed: Missed, part: str) -> Missed:
    return msgspec.structs.replace(missed, part=part)


def _once(findings: Any) -> tuple[Finding, ...]:
    return tuple(dict.fromkeys(findings))
