"""What a generative guard is asked and what it answers; pure data, whoever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One pass of a guard.

    `prompt` is the whole rendered text without `bos`, empty where the template is the server's alone; `messages` and
    `template` (arguments of the chat template) are the same as a chat. `choices` are the words that the answer starts
    with, read at the first token after `after`.
    """

    prompt: str = ""
    bos: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    template: Mapping[str, Any] = {}
    choices: tuple[str, ...] = ()
    after: str = ""
    max_tokens: int = 20


class Token(msgspec.Struct, frozen=True):
    """One generated token, with the log-probabilities of the likeliest at its place."""

    text: str
    top: Mapping[str, float]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The text with its tokens, where it was generated; the odds of the ask's choices, where only they were read."""

    text: str = ""
    tokens: tuple[Token, ...] = ()
    odds: Mapping[str, float] | None = None
