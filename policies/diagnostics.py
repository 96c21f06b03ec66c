"""Diagnostics: what is wrong in a policy, where it stands, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from ..models.errors import ConfigError

Level: TypeAlias = Literal["error", "warning"]


class Mark(msgspec.Struct, frozen=True):
    """A place in a policy file: line and column count from 1, `width` is in characters."""

    file: str
    line: int = 1
    column: int = 1
    width: int = 1


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: `code` is a short stable word, `source` the line of the file it stands on."""

    file: str
    line: int
    column: int
    severity: Level
    code: str
    message: str
    hint: str = ""
    source: str = ""
    width: int = 1


class PolicyError(ConfigError):
    """A policy cannot run; `diagnostics` lists every fault and the message renders them all."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(render_all(self.diagnostics))


def error(mark: Mark, code: str, message: str, *, hint: str = "") -> Diagnostic:
    """A fault that keeps the policy from running."""
    return _at(mark, "error", code, message, hint)


def warning(mark: Mark, code: str, message: str, *, hint: str = "") -> Diagnostic:
    """A line that runs but surely does not do what its writer meant."""
    return _at(mark, "warning", code, message, hint)


def errors(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those that keep the policy from running."""
    return [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]


def ordered(diagnostics: Iterable[Diagnostic], *, texts: Mapping[str, str]) -> list[Diagnostic]:
    """Each diagnostic once, by file, line and column, with the source line of `texts` (by file name) filled in."""
    unique = dict.fromkeys(_with_source(diagnostic, texts) for diagnostic in diagnostics)
    ranks = {file: rank for rank, file in enumerate(texts)}
    return sorted(unique, key=lambda d: (ranks.get(d.file, len(ranks)), d.line, d.column, d.code, d.message))


def render(diagnostic: Diagnostic) -> str:
    """`FILE:LINE:COL: message`, then the source line with a caret and the hint, each where there is one."""
    level = "" if diagnostic.severity == "error" else "warning: "
    lines = [f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}: {level}{diagnostic.message}"]
    if diagnostic.source.strip():
        lines += [f"    {diagnostic.source}", f"    {_caret(diagnostic)}"]
    if diagnostic.hint:
        lines.append(f"  hint: {diagnostic.hint}")
    return "\n".join(lines)


def render_all(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics as one text, in the order given."""
    return "\n".join(render(diagnostic) for diagnostic in diagnostics)


def suggest(word: str, names: Iterable[str]) -> str:
    """A hint: the nearest valid name where one is near, and the list of them all."""
    known = list(names)
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    question = f"did you mean {near[0]!r}? " if near else ""
    return f"{question}valid: {', '.join(known)}"


def _at(mark: Mark, severity: Level, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(
        file=mark.file,
        line=mark.line,
        column=mark.column,
        width=mark.width,
        severity=severity,
        code=code,
        message=message,
        hint=hint,
    )


def _with_source(diagnostic: Diagnostic, texts: Mapping[str, str]) -> Diagnostic:
    lines = texts.get(diagnostic.file, "").splitlines()
    source = lines[diagnostic.line - 1] if 0 < diagnostic.line <= len(lines) else ""
    return msgspec.structs.replace(diagnostic, source=source)


def _caret(diagnostic: Diagnostic) -> str:
    # Tabs are kept so that the caret stands under the word in any terminal.
    before = diagnostic.source[: diagnostic.column - 1]
    pad = "".join("\t" if char == "\t" else " " for char in before)
    return pad + "^" * max(1, min(diagnostic.width, len(diagnostic.source) - len(before)))
