"""Reads from the end of an answer what upstream says it took, in the words of any dialect."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any, Final

from .ticket import Usage

KEPT: Final = 8192
"""Bytes of an answer's end that are looked at."""

_NAMED = re.compile(r'(?<!\\)"usage"\s*:\s*(?=\{)')
_PROMPT: Final = ("prompt_tokens", "input_tokens", "prompt_eval_count")
_COMPLETION: Final = ("completion_tokens", "output_tokens", "eval_count")


class UsageReader:
    """Keeps the end of an answer as it passes."""

    def __init__(self) -> None:
        self._end = b""

    def feed(self, data: bytes) -> None:
        """More of the answer."""
        self._end = (self._end + data)[-KEPT:] if len(data) < KEPT else data[-KEPT:]

    def usage(self) -> Usage | None:
        """The last usage that is told; None where none is."""
        text = self._end.decode("utf-8", "replace")
        for found in reversed(list(_NAMED.finditer(text))):
            try:
                told, _ = json.JSONDecoder().raw_decode(text, found.end())
            except (ValueError, RecursionError):
                continue
            if (usage := usage_of(told)) is not None:
                return usage
        # Ollama counts beside its last message.
        with contextlib.suppress(ValueError, RecursionError):
            return usage_of(json.loads(text.rstrip().rsplit("\n", 1)[-1]))
        return None


def usage_of(told: Any) -> Usage | None:
    """A usage object of OpenAI's, Anthropic's or Ollama's; None where it holds no count."""
    if not isinstance(told, dict):
        return None
    prompt, completion = (_count(told, names) for names in (_PROMPT, _COMPLETION))
    if prompt is None and completion is None:
        return None
    return Usage(prompt=prompt or 0, completion=completion or 0)


def _count(told: dict[str, Any], names: tuple[str, ...]) -> int | None:
    found = (told.get(name) for name in names)
    return next((n for n in found if isinstance(n, int) and not isinstance(n, bool) and n >= 0), None)
