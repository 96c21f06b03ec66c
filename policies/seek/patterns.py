"""Regular expressions in linear time: RE2 (swtch.com/~rsc/regexp/regexp1.html), which never goes back in a text."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ...models.errors import ConfigError
from ..hits import Stretch

MISSING: Final = "regular expressions need RE2: pip install 'headgate[lists]'"
MAX_MEMORY: Final = 8 << 20
"""Bytes that the automaton of one expression may take."""


class BadPattern(ValueError):
    """An expression that RE2 cannot run in linear time, or not at all; the message says why."""


class Patterns:
    """Several expressions; where each stands in a text. ConfigError where RE2 is not installed, BadPattern for faults.

    They are searched as one automaton first, and only those that match are gone through.
    """

    def __init__(self, expressions: Sequence[str], *, ignore_case: bool) -> None:
        self._single = [compiled(one, ignore_case=ignore_case) for one in expressions]
        self._set = self._joined(expressions, ignore_case=ignore_case)

    def find(self, text: str) -> Iterator[Stretch]:
        """Where an expression stands, expression by expression; what matches nothing is no hit."""
        # A lone surrogate has no UTF-8 form; a stand-in of the same length keeps the places.
        safe = text.encode("utf-8", "replace").decode("utf-8") if _has_surrogate(text) else text
        for index in sorted(self._set.Match(safe) or ()) if self._set is not None else ():
            for match in self._single[index].finditer(safe):
                if match.end() > match.start():
                    yield (match.start(), match.end())

    @staticmethod
    def _joined(expressions: Sequence[str], *, ignore_case: bool) -> Any:
        if not expressions:
            return None
        joined = engine().Set.SearchSet(options(ignore_case=ignore_case))
        for expression in expressions:
            joined.Add(expression)
        joined.Compile()
        return joined


def compiled(expression: str, *, ignore_case: bool) -> Any:
    """The expression, ready to search; BadPattern where RE2 refuses it or where it matches the empty text."""
    re2 = engine()
    try:
        found = re2.compile(expression, options=options(ignore_case=ignore_case))
    except re2.error as failure:
        said = failure.args[0] if failure.args else failure
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(reason) from failure
    if found.search("") is not None:
        raise BadPattern("it matches the empty text, and so every text")
    return found


def engine() -> Any:
    """The module `re2`; ConfigError where it is not installed."""
    try:
        return importlib.import_module("re2")
    except ImportError as error:
        raise ConfigError(MISSING) from error


def options(*, ignore_case: bool) -> Any:
    """RE2's options: quiet, and bounded in memory."""
    found = engine().Options()
    found.case_sensitive = not ignore_case
    found.log_errors = False
    found.max_mem = MAX_MEMORY
    return found


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)
