"""Where a row goes, and what stands for one that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import msgspec

from ...policies.verdict import Action, Finding, Missed, Verdict

Bin: TypeAlias = Literal["kept", "dropped", "review", "errors", "regenerated"]
BINS: Final[tuple[Bin, ...]] = ("kept", "dropped", "review", "errors")
REGENERATED: Final = "regenerated"
"""The bin of rows whose rejected answer was made again, where a run does that."""

_BIN_OF: Final[dict[Action, Bin]] = {
    Action.ALLOW: "kept",
    Action.FLAG: "review",
    Action.GUIDELINE: "review",
    Action.SUPPORT: "review",
    Action.REDACT: "dropped",
    Action.CORRECT: "dropped",
    Action.REGENERATE: "dropped",
    Action.REFUSE: "dropped",
}

_RAW_LIMIT: Final = 1 << 20


class Unread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row that cannot be read: where it stands, why, and its text; one of more than a MiB by its size alone."""

    file: str
    line: int
    reason: str
    raw: str | None = None
    bytes: int | None = None


def bin_of(verdict: Verdict) -> Bin:
    """The file a row belongs to; in monitor mode everything is kept."""
    return "kept" if verdict.mode == "monitor" else _BIN_OF[verdict.action]


def gap(verdict: Verdict) -> Missed | None:
    """What nobody judged of the answer and the policy does not let pass, None where there is nothing of that kind."""
    gaps = (one for one in verdict.unjudged if one.part.startswith("response[") and one.action is not Action.ALLOW)
    return next(gaps, None)


def unread(file: str, number: int, raw: bytes, reason: str) -> bytes:
    """The line of errors.jsonl for a row that could not be read; bytes that are no UTF-8 are shown escaped."""
    if len(raw) > _RAW_LIMIT:
        found = Unread(file=file, line=number, reason=reason, bytes=len(raw))
    else:
        text = raw.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        found = Unread(file=file, line=number, reason=reason, raw=text)
    return msgspec.json.encode(found) + b"\n"


def found_in(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """The (category, severity) pairs among findings, each once."""
    return {(finding.category, finding.severity.slug) for finding in findings}
