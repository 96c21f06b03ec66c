"""Recorded traffic of a gateway, where the settings ask for it, and the policy that is tried on it."""

from __future__ import annotations

from pathlib import Path

from ..guard.guard import Guard
from ..guard.record import hash_key
from ..guard.traffic import TrafficLog, traffic_key
from ..models.errors import ConfigError
from .config import Settings


def traffic_of(settings: Settings, guard: Guard | None) -> TrafficLog | None:
    """The log of these settings, None where they name none; ConfigError where it cannot be kept."""
    if settings.traffic is None:
        if settings.shadow is not None:
            raise ConfigError("shadow needs traffic: name the file to record to")
        return None
    if guard is None:
        raise ConfigError("traffic needs a policy: nothing is judged where it is off")
    shadow = None if settings.shadow is None else guard.under(settings.shadow).side()
    return TrafficLog(Path(settings.traffic), digest_key=hash_key(), key=traffic_key(), shadow=shadow)
