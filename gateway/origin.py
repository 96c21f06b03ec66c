"""Where the settings of a gateway come from, and how they are read; needs none of what serves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from ..models.errors import ConfigError
from .config import Settings, with_keys


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where settings come from: a file, if there is one, and the flags that override it."""

    file: str | None = None
    flags: dict[str, Any] = {}


def settings_of(origin: Origin, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a file and flags; ConfigError names every fault, or the setting that nobody gave."""
    values = _file_values(origin.file, environment) if origin.file is not None else {}
    # A list where the flags came to a worker as JSON.
    values |= {name: tuple(value) if isinstance(value, list) else value for name, value in origin.flags.items()}
    if "upstream" in origin.flags:
        # A flag overrides the file: this one upstream stands for all of them.
        values.pop("upstreams", None)
        values.pop("routes", None)
        if "upstream_kind" not in origin.flags:
            values.pop("upstream_kind", None)
    if "upstream" not in values and not values.get("upstreams"):
        raise ConfigError(f"upstream is missing: write it into {origin.file or 'a file'} or give --upstream")
    return with_keys(Settings(**values), environment)


def _file_values(file: str, environment: Mapping[str, str]) -> dict[str, Any]:
    # Here, so that a gateway of flags alone waits for nothing that reads files of settings.
    from .settings_file import load_values

    return load_values(file, environment)
