"""Where a row goes, and what is written beside a row that was not kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ...policies.verdict import Action, Finding, Missed, Verdict

Bin: TypeAlias = Literal["kept", "dropped", "review", "errors"]
BINS: Final[tuple[Bin, ...]] = ("kept", "dropped", "review", "errors")

COLUMN: Final = "headgate"
"""The column that carries the verdict in rows that were not kept."""

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

BOM: Final = b"\xef\xbb\xbf"
_RAW_LIMIT: Final = 1 << 20


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What a row that was not kept says about itself."""

    action: Action
    reason: str
    findings: tuple[Finding, ...]
    unjudged: tuple[Missed, ...]
    policy: str
    policy_hash: str


class Unread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line that is not a row: where it stands, why, and its text; a line of more than a MiB by its size alone."""

    file: str
    line: int
    reason: str
    raw: str | None = None
    bytes: int | None = None


def bin_of(verdict: Verdict) -> Bin:
    """The file a row belongs to; in monitor mode everything is kept."""
    return "kept" if verdict.mode == "monitor" else _BIN_OF[verdict.action]


def reason_of(verdict: Verdict) -> str:
    """Why, in one line: the rule that decided and what it found, or the part that nobody judged."""
    if decisive := [finding for finding in verdict.findings if finding.action is verdict.action]:
        worst = max(decisive, key=lambda finding: (finding.severity, finding.confidence))
        sure = f"{worst.confidence:.2f}, threshold {worst.threshold:.2f}"
        return f"{worst.rule}: {worst.category} ({worst.severity.slug}) in {worst.part}, {sure}"
    missed = next((missed for missed in verdict.unjudged if missed.action is verdict.action), None)
    return f"not judged: {missed.part}: {missed.reason}" if missed else verdict.action.value


def annotated(raw: bytes, row: dict[str, Any], verdict: Verdict) -> bytes:
    """The line with the verdict as one more column; the row's own columns keep their bytes."""
    note = msgspec.json.encode(
        Note(
            action=verdict.action,
            reason=reason_of(verdict),
            findings=verdict.findings,
            unjudged=verdict.unjudged,
            policy=verdict.policy,
            policy_hash=verdict.policy_hash,
        )
    )
    if COLUMN in row:
        return msgspec.json.encode({**row, COLUMN: msgspec.Raw(note)}) + b"\n"
    body = raw.removeprefix(BOM).rstrip()[:-1].rstrip()
    return b'%s, "%s": %s}\n' % (body, COLUMN.encode(), note)


def unread(file: str, number: int, raw: bytes, reason: str) -> bytes:
    """The line of errors.jsonl for a line that could not be read; bytes that are no UTF-8 are shown escaped."""
    if len(raw) > _RAW_LIMIT:
        found = Unread(file=file, line=number, reason=reason, bytes=len(raw))
    else:
        text = raw.rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        found = Unread(file=file, line=number, reason=reason, raw=text)
    return msgspec.json.encode(found) + b"\n"


def ended(raw: bytes) -> bytes:
    """The line with its own ending, or with one where the file's last line has none."""
    return raw if raw.endswith(b"\n") else raw + b"\n"


def found_in(verdicts: Sequence[Finding]) -> set[tuple[str, str]]:
    """The (category, severity) pairs among findings, each once."""
    return {(finding.category, finding.severity.slug) for finding in verdicts}
