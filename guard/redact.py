"""Masks parts of a conversation by their paths, and leaves everything else as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..policies.verdict import Action, Verdict
from .cuts import Cut, cut_text
from .places import MASK, masked

__all__ = ["MASK", "in_conversation", "masked_messages", "redacted"]

_PATH = re.compile(r"messages\[(\d+)\]\.(content|reasoning|refusal|tool_calls)(?:\[(\d+)\])?(?:\.arguments)?")
_BESIDE = re.compile(r"messages\[(\d+)\]\.(.+)", re.DOTALL)

_CALLS: Final = {"function": "arguments", "custom": "input"}


def redacted(verdict: Verdict) -> tuple[str, ...]:
    """The paths of the parts that nobody further on may see."""
    found = [finding.part for finding in verdict.findings if finding.action is Action.REDACT]
    missed = [miss.part for miss in verdict.coverage.unjudged if miss.action is Action.REDACT]
    return tuple(dict.fromkeys([*found, *missed]))


def in_conversation(path: str) -> bool:
    """Whether a path leads into the messages' own contents, and not to a tool, a name or another field."""
    return _PATH.fullmatch(path) is not None


def masked_messages(
    messages: Sequence[Mapping[str, Any]], paths: Iterable[str], cuts: Sequence[Cut] = ()
) -> list[dict[str, Any]]:
    """Copies of the messages in which every part at one of the paths is replaced by a mask.

    Of a text that has cuts only those are replaced, by their placeholders. A field that is neither a text nor a list's
    item is taken out. ValueError where a path is none in these messages.
    """
    copies = [dict(message) for message in messages]
    for path in paths:
        match = _PATH.fullmatch(path)
        if match is None:
            _mask_beside(copies, path)
            continue
        mine = [cut for cut in cuts if cut.path == path]
        index = None if match[3] is None else int(match[3])
        if not mine or not _cut(copies[int(match[1])], match[2], index, mine):
            _mask(copies[int(match[1])], match[2], index)
    return copies


def _mask_beside(copies: list[dict[str, Any]], path: str) -> None:
    """Masks a text beside those of the conversation itself: an older call, a name, an unknown field."""
    match = _BESIDE.fullmatch(path)
    if match is None or int(match[1]) >= len(copies):
        raise ValueError(f"not a path in messages: {path}")
    index = int(match[1])
    copies[index] = masked(_plain(copies[index]), [match[2]])


def _plain(value: Any) -> Any:
    """The value with every mapping a dict and every sequence a list, so that a mask can be put anywhere."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _cut(message: dict[str, Any], field: str, index: int | None, cuts: Sequence[Cut]) -> bool:
    """Puts placeholders into a content that is a text, or the text of one of its items; False where it is neither."""
    content = message.get("content")
    if field == "content" and index is None and isinstance(content, str):
        message["content"] = cut_text(content, cuts)
        return True
    if field != "content" or index is None or not isinstance(content, list):
        return False
    item = content[index]
    if isinstance(item, Mapping) and isinstance(item.get("text"), str):
        message["content"] = [
            {**item, "text": cut_text(item["text"], cuts)} if place == index else other
            for place, other in enumerate(content)
        ]
        return True
    return False


def _mask(message: dict[str, Any], field: str, index: int | None) -> None:
    if field == "tool_calls" and index is not None:
        calls = list(message["tool_calls"])
        # As `arguments_of` reads them: of two kinds in one call the first was judged.
        kind = next(name for name in _CALLS if isinstance(calls[index].get(name), Mapping))
        calls[index] = {**calls[index], kind: {**calls[index][kind], _CALLS[kind]: "{}"}}
        message["tool_calls"] = calls
    elif field == "content" and index is not None:
        items = list(message["content"])
        refusal = isinstance(items[index], Mapping) and items[index].get("type") == "refusal"
        items[index] = {"type": "refusal", "refusal": MASK} if refusal else {"type": "text", "text": MASK}
        message["content"] = items
    elif field == "reasoning":
        message.update({key: MASK for key in ("reasoning", "reasoning_content") if key in message})
    else:
        message[field] = MASK
