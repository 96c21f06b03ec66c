"""API keys: whose they are, what holds for them, and a keyed hash in place of the key itself.

The file is YAML and may be edited by hand: `tenants` holds what is true for all keys of a tenant. A key is shown once,
when it is made.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import yaml

from ..models.errors import ConfigError
from .audit import HASH_VARIABLE as KEY_VARIABLE
from .limit import parse_limits
from .record import now

PREFIX: Final = "hg_"
MODE: Final = 0o600

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HEX = re.compile(r"[0-9a-f]{64}")


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A key as the file knows it: `hash` is all that is kept of it; `limits` and `policy` are for this key alone."""

    id: str
    tenant: str
    hash: str
    created: str
    policy: str | None = None
    limits: tuple[str, ...] = ()
    note: str = ""
    revoked: str | None = None


class Tenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What holds for all keys of a tenant together."""

    policy: str | None = None
    limits: tuple[str, ...] = ()


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; `check` tells whether HEADGATE_HASH_KEY is the one that its hashes were made with."""

    version: int = 1
    salt: str
    check: str
    tenants: dict[str, Tenant] = {}
    keys: tuple[Key, ...] = ()


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was just made: the only place where `secret` stands."""

    secret: str
    key: Key


class KeyRing:
    """The keys of one file as they were read; raises ConfigError where the file cannot be trusted."""

    def __init__(self, file: KeyFile, *, environment: Mapping[str, str] = os.environ) -> None:
        self.file = file
        self._hash = _hasher(file.salt, environment)
        if not hmac.compare_digest(self._hash("check"), file.check):
            raise ConfigError(f"the keys were made with another {KEY_VARIABLE}: set that one, or make new keys")
        _check(file)
        self._by_hash = {key.hash: key for key in file.keys}

    def find(self, secret: str) -> Key | None:
        """The key, where it is known and not revoked.

        Only a keyed hash is looked up, of which a caller can choose no bit; what is found is compared in constant time.
        """
        digest = self._hash(secret)
        key = self._by_hash.get(digest)
        if key is None or not hmac.compare_digest(key.hash, digest) or key.revoked is not None:
            return None
        return key

    def tenant(self, name: str) -> Tenant:
        """What holds for a tenant."""
        return self.file.tenants.get(name, Tenant())


def read_keys(path: Path) -> KeyFile:
    """The file at `path`; ConfigError where it is none."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read keys from {path}: {error}") from error
    try:
        return msgspec.convert(yaml.safe_load(text), KeyFile)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path} is no file of keys: {error}") from error


def create_key(
    path: Path,
    *,
    tenant: str,
    policy: str | None = None,
    limits: Sequence[str] = (),
    note: str = "",
    environment: Mapping[str, str] = os.environ,
) -> NewKey:
    """Make a key and write its hash to the file, which is made where there is none."""
    secret = PREFIX + secrets.token_urlsafe(32)
    made = []

    def add(file: KeyFile) -> KeyFile:
        key = Key(
            id=f"k{secrets.token_hex(5)}",
            tenant=tenant,
            hash=_hasher(file.salt, environment)(secret),
            created=now(),
            policy=policy,
            limits=tuple(str(limit) for limit in parse_limits(limits)),
            note=note,
        )
        made.append(key)
        return msgspec.structs.replace(file, keys=(*file.keys, key))

    _change(path, add, environment)
    return NewKey(secret=secret, key=made[0])


def revoke_key(path: Path, identity: str, *, environment: Mapping[str, str] = os.environ) -> Key:
    """Revoke the key of this id; ConfigError where there is none."""
    made = []

    def revoke(file: KeyFile) -> KeyFile:
        found = next((key for key in file.keys if key.id == identity), None)
        if found is None:
            raise ConfigError(f"no key has the id {identity!r}: see 'headgate keys list'")
        revoked = found if found.revoked else msgspec.structs.replace(found, revoked=now())
        made.append(revoked)
        return msgspec.structs.replace(file, keys=tuple(revoked if key is found else key for key in file.keys))

    _change(path, revoke, environment, create=False)
    return made[0]


def _change(
    path: Path, change: Callable[[KeyFile], KeyFile], environment: Mapping[str, str], *, create: bool = True
) -> None:
    with _locked(path):
        file = read_keys(path) if path.exists() or not create else _fresh(environment)
        KeyRing(file, environment=environment)
        changed = change(file)
        _check(changed)
        _write(path, changed)


def _fresh(environment: Mapping[str, str]) -> KeyFile:
    salt = secrets.token_hex(32)
    return KeyFile(salt=salt, check=_hasher(salt, environment)("check"))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time; beside the file, as the file itself is replaced."""
    try:
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise ConfigError(f"cannot write keys to {path}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, file: KeyFile) -> None:
    """Replace the file in one step: a reader sees the old one or the new one, never half of either."""
    text = yaml.safe_dump(msgspec.to_builtins(file), sort_keys=False, allow_unicode=True)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            Path(name).replace(path)
        except OSError:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise ConfigError(f"cannot write keys to {path}: {error.strerror}") from error


def _hasher(salt: str, environment: Mapping[str, str]) -> Callable[[str], str]:
    """HMAC-SHA-256 under the salt and HEADGATE_HASH_KEY; a key has 256 random bits, so that one pass is enough."""
    key = salt.encode() + environment.get(KEY_VARIABLE, "").encode("utf-8", "surrogateescape")
    return lambda text: hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _check(file: KeyFile) -> None:
    if file.version != 1:
        raise ConfigError(f"the keys are of version {file.version}, and this Headgate reads version 1")
    ids = [key.id for key in file.keys]
    if len(set(ids)) != len(ids):
        raise ConfigError("two keys have the same id")
    for key in file.keys:
        if not _HEX.fullmatch(key.hash):
            raise ConfigError(f"key {key.id}: hash must be 64 hex digits")
    for name in {*file.tenants, *(key.tenant for key in file.keys)}:
        if not _TENANT.fullmatch(name):
            raise ConfigError(f"{name[:64]!r} is no tenant: letters, digits and . _ - only, at most 64")
    for limits in (*(key.limits for key in file.keys), *(tenant.limits for tenant in file.tenants.values())):
        parse_limits(limits)
