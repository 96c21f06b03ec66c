"""Puts another prompt in the place of the caller's last one, and leaves everything else as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .conversation import Message

_TEXT: Final = frozenset({"text", "input_text"})


def reworded(messages: Sequence[Message], prompt: str) -> list[Message]:
    """The messages with another text in the last of the user's; what else it holds, images say, stays."""
    last = max((index for index, message in enumerate(messages) if message.get("role") == "user"), default=None)
    if last is None:
        return [*messages, {"role": "user", "content": prompt}]
    content: Any = prompt
    if isinstance(messages[last].get("content"), list):
        others = [item for item in messages[last]["content"] if isinstance(item, Mapping) and item["type"] not in _TEXT]
        content = [{"type": "text", "text": prompt}, *others]
    return [*messages[:last], {**messages[last], "content": content}, *messages[last + 1 :]]
