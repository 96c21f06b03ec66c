"""The guard of a gateway, loaded beside everything else that a start takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from ..guard.audit import HASH_VARIABLE as KEY_VARIABLE
from ..guard.guard import Guard
from ..guard.record import hash_key
from ..guard.shared_memo import SharedMemo
from ..models.errors import ConfigError
from .config import Settings


def guard_of(settings: Settings) -> Guard | None:
    """The guard of these settings with its models, None where the policy is `off`.

    Raises ConfigError for what cannot be or is not installed and ModelUnavailable where a model cannot load.
    """
    if not settings.guarded:
        return None
    try:
        return Guard(
            settings.policy,
            settings.judges,
            stand_ins=settings.stand_ins,
            hash_key=hash_key(),
            memo=memo_of(settings),
        )
    except ImportError as error:
        raise lacking(error) from error


def loading(settings: Settings) -> Future[Guard | None]:
    """`guard_of` in a thread of its own: weights are hashed and graphs made ready while others import."""
    with_thread = ThreadPoolExecutor(1, thread_name_prefix="headgate-loading")
    found = with_thread.submit(guard_of, settings)
    with_thread.shutdown(wait=False)
    return found


def lacking(error: ImportError) -> ConfigError:
    """What to say where a package of the gateway's extra is not installed."""
    return ConfigError(f"{error.name} is not installed: pip install 'headgate[cpu,gateway]'")


def memo_of(settings: Settings, environment: Mapping[str, str] = os.environ) -> SharedMemo | None:
    """The memo that replicas share, where the settings ask for one; ConfigError where they cannot share it."""
    if not settings.shared_memo:
        return None
    key = environment.get(KEY_VARIABLE)
    if settings.redis is None:
        raise ConfigError("shared_memo needs redis: name its URL, or leave shared_memo out")
    if not key:
        raise ConfigError(f"shared_memo needs {KEY_VARIABLE}, the same for all replicas")
    return SharedMemo(key=key.encode("utf-8", "surrogateescape"))
