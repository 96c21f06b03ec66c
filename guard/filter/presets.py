"""How the rows of well-known data sets are laid out, so that nobody has to spell it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ...models.errors import ConfigError, InputError

Prepare = Callable[[Mapping[str, Any]], dict[str, Any]]

_TURN: Final = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")
_SPEAKERS: Final = {
    "human": "user",
    "user": "user",
    "prompter": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "model": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "function_call": "assistant",
    "observation": "tool",
}


def names() -> list[str]:
    """The presets that there are."""
    return sorted(_PRESETS)


def checked_name(preset: str) -> str:
    """The same name; ConfigError lists the names where it is none."""
    if preset and preset not in _PRESETS:
        raise ConfigError(f"no preset {preset!r}: one of {', '.join(names())}")
    return preset


def prepared(row: Mapping[str, Any], preset: str) -> dict[str, Any]:
    """The row with the columns that Headgate reads; InputError where it is not a row of that kind."""
    return _PRESETS[preset](row)


def _renamed(**columns: str) -> Prepare:
    """Columns taken by other names; a missing one is an error that names it."""

    def prepare(row: Mapping[str, Any]) -> dict[str, Any]:
        missing = [column for column in columns.values() if column not in row]
        if missing:
            raise InputError(f"no column {missing[0]} in the row: is this the right --preset?", param=missing[0])
        return {field: row[column] for field, column in columns.items()}

    return prepare


def _instruction(asked: str, more: str, answer: str) -> Prepare:
    def prepare(row: Mapping[str, Any]) -> dict[str, Any]:
        found = _renamed(prompt=asked, response=answer)(row)
        if row.get(more):
            found["prompt"] = f"{found['prompt']}\n\n{row[more]}"
        return found

    return prepare


def _sharegpt(row: Mapping[str, Any]) -> dict[str, Any]:
    turns = _renamed(turns="conversations")(row)["turns"]
    if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
        raise InputError("conversations must be a list of objects with from and value", param="conversations")
    messages = []
    for index, turn in enumerate(turns):
        speaker = _SPEAKERS.get(str(turn.get("from", "")).lower())
        if speaker is None:
            raise InputError(f"conversations[{index}].from is {turn.get('from')!r}", param="conversations")
        messages.append({"role": speaker, "content": turn.get("value")})
    return {"messages": messages}


def _transcript(text: object) -> list[dict[str, str]]:
    """A transcript of `Human:` and `Assistant:` turns, blank lines between them, as messages."""
    if not isinstance(text, str) or not (pieces := _TURN.split(text))[1:]:
        raise InputError("not a transcript of Human: and Assistant: turns", param="chosen")
    spoken = zip(pieces[1::2], pieces[2::2], strict=True)
    return [{"role": "user" if who == "Human" else "assistant", "content": said.strip()} for who, said in spoken]


def _hh(row: Mapping[str, Any]) -> dict[str, Any]:
    found = _renamed(chosen="chosen", rejected="rejected")(row)
    return {name: _transcript(text) for name, text in found.items()}


_PRESETS: Final[dict[str, Prepare]] = {
    "alpaca": _instruction("instruction", "input", "output"),
    "beavertails": _renamed(prompt="prompt", response="response"),
    "c4": _renamed(text="text"),
    "dolly": _instruction("instruction", "context", "response"),
    "fineweb": _renamed(text="text"),
    "hh-rlhf": _hh,
    "laion": _renamed(text="TEXT", image="URL"),
    "lmsys-chat": _renamed(messages="conversation"),
    "pku-saferlhf": _renamed(prompt="prompt", chosen="response_0", rejected="response_1"),
    "sharegpt": _sharegpt,
    "toxicchat": _renamed(prompt="user_input", response="model_output"),
    "ultrachat": _renamed(messages="messages"),
    "ultrafeedback": _renamed(prompt="prompt", chosen="chosen", rejected="rejected"),
    "wildchat": _renamed(messages="conversation"),
}
