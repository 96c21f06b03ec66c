"""Recorded traffic: scores of every exchange, and its content only where a key to seal it is given.

With scores alone another policy can be tried on what happened; with the sealed tape a verdict can be made again.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ..models.assessment import Assessed, Assessment
from ..models.content import Kind, Part, Purpose, Role, Text, digest, direction_of, kind_of
from ..models.errors import ConfigError, InputError
from ..policies.context import Context
from ..policies.decide import Judged
from ..policies.diff import Difference, Example, Seen, Side, Tally, compared, named
from ..policies.hits import Hit
from ..policies.seek.finder import Finder
from ..policies.verdict import Verdict
from .loop import Steps, Terms
from .record import new_id, now
from .tape import Heard, Looked, Tape, taped
from .weigh import Rules, judged_of

KEY_VARIABLE: Final = "HEADGATE_TRAFFIC_KEY"
"""The variable that holds the key to seal contents with: 64 hex digits."""

_NONCE: Final = 12
_MISSING: Final = "sealing content needs cryptography: pip install 'headgate[traffic]', or record without a key"


class SeenPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One judged part: where it stood, its scores, what lists found in it, and its keyed digest; never its content.

    `round` is 0 for the prompt, else that of the answer.
    """

    path: str
    kind: Kind
    role: Role
    digest: str
    assessment: Assessment
    round: int = 0
    purpose: Purpose = "chat"
    tool: str = ""
    hits: tuple[Hit, ...] = ()
    unread: tuple[str, ...] = ()


class Traffic(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One exchange as it is recorded; `sealed` is its tape, encrypted, in base64.

    `shadow` is the policy that it was tried on, `shadow_action` what that came to, and `compared` both policies' ways.
    """

    id: str
    time: str
    verdict: Verdict
    delivery: str
    context: Context
    parts: tuple[SeenPart, ...]
    sealed: bytes = b""
    shadow: str = ""
    shadow_action: str = ""
    compared: Example | None = None


class TrafficLog:
    """Appends exchanges to a file; safe from any thread. `shadow` is tried on each, and `difference` tells what it did.

    `key` seals contents (AES-256-GCM); where it is None only scores are kept. A write that fails is counted in `lost`.
    """

    def __init__(self, path: Path, *, digest_key: bytes, key: bytes | None = None, shadow: Side | None = None) -> None:
        self.lost = 0
        self._digest_key = digest_key
        self._cipher = cipher(key) if key is not None else None
        self._shadow = shadow
        self._tally = Tally()
        self._lock = threading.Lock()
        self._before = ""
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"cannot record traffic to {path}: {error.strerror}") from error

    def write(self, heard: Heard, rules: Rules, *, identity: str = "") -> None:
        """Record an exchange that came to its end; never raises for a full disk."""
        if heard.finish is None:
            return
        record = self._record(heard, rules, identity or new_id())
        line = msgspec.json.encode(record, order="sorted") + b"\n"
        with self._lock:
            try:
                whole = os.write(self._file, line) == len(line)
            except OSError:
                whole = False
            self.lost += not whole

    def difference(self) -> Difference | None:
        """What the shadow would have done otherwise, so far; None without a shadow."""
        if self._shadow is None:
            return None
        with self._lock:
            return self._tally.difference(self._before, named(self._shadow.policy))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _record(self, heard: Heard, rules: Rules, identity: str) -> Traffic:
        assert heard.finish is not None
        record = Traffic(
            id=identity,
            time=now(),
            verdict=heard.finish.verdict,
            delivery=heard.finish.delivery,
            context=rules.context,
            parts=tuple(self._part(rules, number, part, found) for number, part, found in heard.judged),
            sealed=b"" if self._cipher is None else sealed(self._cipher, heard.tape, identity),
        )
        return record if self._shadow is None else self._shadowed(record, heard, rules, self._shadow)

    def _part(self, rules: Rules, number: int, part: Part, found: Assessment) -> SeenPart:
        judged = judged_of(rules, part, found)
        return SeenPart(
            path=part.path,
            kind=kind_of(part),
            role=part.role,
            digest=digest(part, key=self._digest_key),
            assessment=bare(found),
            round=number,
            purpose=part.purpose,
            tool=part.tool if isinstance(part, Text) else "",
            hits=judged.hits,
            unread=judged.unread,
        )

    def _shadowed(self, record: Traffic, heard: Heard, rules: Rules, shadow: Side) -> Traffic:
        seen = seen_of(record)
        before = Side(rules.policy, thresholds=rules.thresholds).outcome(seen)
        after = shadow.outcome(seen_of(record, side=shadow, looked=heard.tape.looked))
        both = compared(seen, before, after)
        with self._lock:
            self._before = named(rules.policy)
            self._tally.count(both)
        return msgspec.structs.replace(
            record, shadow=named(shadow.policy), shadow_action=after.action.value, compared=both
        )


def recorded(log: TrafficLog, terms: Terms, prompt: Sequence[Part], *, identity: str = "") -> Steps:
    """The steps of an exchange, which is written down when they end."""
    tape = taped(terms, prompt)
    finish = yield from tape.steps
    log.write(tape.heard, terms.rules, identity=identity)
    return finish


def seen_of(record: Traffic, *, side: Side | None = None, looked: Sequence[Looked] = ()) -> Seen:
    """The prompt and the answers as a policy sees them: of a text that was judged several times the last counts.

    With another side and the contents, what that policy's own lists find takes the place of what was found.
    """
    contents = _by_place(looked)
    finder = side.finder(record.context) if side is not None else None
    rounds: dict[int, list[Judged]] = {}
    for place, part in _last(record).items():
        judged = _judged(part)
        if side is not None:
            judged = _found_by(finder, judged, contents.get(place))
        rounds.setdefault(part.round, []).append(judged)
    return Seen(
        id=record.id,
        context=record.context,
        parts=tuple(rounds.pop(0, ())),
        rounds=tuple(tuple(rounds[number]) for number in sorted(rounds)),
    )


def untried(record: Traffic, side: Side, looked: Sequence[Looked]) -> bool:
    """Whether the side's lists could not all be tried on every text: its content is missing, or what it is about.

    That was told only where a policy asked for it, and means nothing to other models than the one that told it.
    """
    finder, contents = side.finder(record.context), _by_place(looked)
    if finder is None:
        return False
    return any(
        place not in contents or (isinstance(part.assessment, Assessed) and _unread(finder, part, contents[place]))
        for place, part in _last(record).items()
        if part.kind == "text"
    )


def shadowed(path: Path) -> list[Difference]:
    """What each shadow policy did otherwise than the policy in force, as it was compared when it was recorded."""
    tallies: dict[tuple[str, str], Tally] = {}
    for record in read_traffic(path):
        if record.compared is not None:
            pair = (f"{record.verdict.policy}@{record.verdict.policy_hash}", record.shadow)
            tallies.setdefault(pair, Tally()).count(record.compared)
    return [tally.difference(before, after) for (before, after), tally in tallies.items()]


def bare(found: Assessment) -> Assessment:
    """The assessment without what tells of the content."""
    return msgspec.structs.replace(found, meaning=b"") if isinstance(found, Assessed) and found.meaning else found


def read_traffic(path: Path) -> Iterator[Traffic]:
    """The exchanges of a file, in order; InputError names the line that is none."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield msgspec.json.decode(line, type=Traffic)
                except msgspec.DecodeError as error:
                    raise InputError(f"{path}, line {number}: not a record of traffic: {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def traffic_key(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """The key of HEADGATE_TRAFFIC_KEY, None where it is not set; ConfigError where it is not 64 hex digits."""
    given = environment.get(KEY_VARIABLE, "")
    if not given:
        return None
    try:
        key = bytes.fromhex(given)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigError(f"{KEY_VARIABLE} must be 64 hex digits: make one with `openssl rand -hex 32`")
    return key


def cipher(key: bytes) -> Any:
    """AES-256-GCM under a key of 32 bytes; ConfigError where `cryptography` is not installed."""
    try:
        module = importlib.import_module("cryptography.hazmat.primitives.ciphers.aead")
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    return module.AESGCM(key)


def sealed(cipher: Any, tape: Tape, identity: str) -> bytes:
    """A tape, encrypted and bound to its record's id."""
    nonce = os.urandom(_NONCE)
    return nonce + bytes(cipher.encrypt(nonce, msgspec.msgpack.encode(tape), identity.encode()))


def opened(record: Traffic, key: bytes | None) -> Tape:
    """The tape of a record; InputError where it has none, the key is missing or it is another's."""
    if not record.sealed:
        raise InputError(f"record {record.id} holds no content: set {KEY_VARIABLE} where traffic is recorded")
    if key is None:
        raise InputError(f"the content is sealed: set {KEY_VARIABLE} to the key with which it was recorded")
    aead = cipher(key)
    invalid = importlib.import_module("cryptography.exceptions").InvalidTag
    try:
        plain = aead.decrypt(record.sealed[:_NONCE], record.sealed[_NONCE:], record.id.encode())
        return msgspec.msgpack.decode(plain, type=Tape)
    except (invalid, msgspec.DecodeError) as error:
        raise InputError(f"record {record.id} cannot be opened with this key, or was changed") from error


def _judged(part: SeenPart) -> Judged:
    return Judged(
        part=part.path,
        direction=direction_of(part.role),
        kind=part.kind,
        assessment=part.assessment,
        purpose=part.purpose,
        tool=part.tool,
        hits=part.hits,
        unread=part.unread,
    )


def _last(record: Traffic) -> dict[tuple[int, str], SeenPart]:
    return {(part.round, part.path): part for part in record.parts}


def _by_place(looked: Sequence[Looked]) -> dict[tuple[int, str], Looked]:
    return {(one.round, one.path): one for one in looked}


def _found_by(finder: Finder | None, judged: Judged, content: Looked | None) -> Judged:
    """The part with what another policy's lists find in it; nothing where it has none."""
    if finder is None or content is None:
        return msgspec.structs.replace(judged, hits=(), unread=())
    text, direction, meaning = content.text, judged.direction, _meaning(finder, content)
    return msgspec.structs.replace(
        judged,
        hits=finder.find(text, direction, meaning=meaning),
        unread=finder.unread(text, direction, meaning=meaning),
    )


def _unread(finder: Finder, part: SeenPart, content: Looked) -> bool:
    meaning = _meaning(finder, content)
    return bool(finder.unread(content.text, direction_of(part.role), meaning=meaning))


def _meaning(finder: Finder, content: Looked) -> bytes:
    """What the text is about, as the finder's own model told it."""
    return content.meaning if content.reader == finder.reader else b""
