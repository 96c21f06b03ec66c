"""Where an upstream's paths are: below its base URL or at its server's root, judged or passed on."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from .providers import EVERYWHERE, PROVIDERS
from .upstream_settings import UpstreamSettings

MODEL: Final = "{model}"
"""What stands for any name of a model in a URL."""


class Base(NamedTuple):
    """Where paths are added: to the server's root, or to the base URL."""

    root: str
    base: str


def base_of(spec: UpstreamSettings) -> Base:
    """The base URL, to which `/chat/completions` is added, and the server's root beside whose `/v1` others stand.

    A URL without a path gets `/v1`.
    """
    url = spec.url.rstrip("/")
    base = url if urlsplit(url).path else f"{url}/v1"
    return Base(root=base.removesuffix("/v1"), base=base)


def passed_to(spec: UpstreamSettings, path: str) -> str:
    """Where a caller's path is passed on: what begins with `/v1` goes below the base URL, all else to the root."""
    root, base = base_of(spec)
    return f"{base}{path[3:]}" if path.startswith("/v1/") else f"{root}{path}"


def judged_urls(spec: UpstreamSettings) -> frozenset[str]:
    """Every URL of an upstream at which a judged API may answer, in any protocol, below its base URL or at its root.

    More than it is asked at itself: many a server answers under both.
    """
    paths = {path.path for path in (*EVERYWHERE.values(), *PROVIDERS[spec.kind].paths.values())}
    return frozenset(f"{where}{path}" for where in base_of(spec) for path in paths)


def reached(target: str, urls: frozenset[str], *, below: bool) -> list[str]:
    """Which of these URLs a target is, or `below` which of them it stands; sorted."""
    mine = target.split("/")
    return sorted(url for url in urls if _is(mine, url.split("/"), below=below))


def _is(mine: list[str], theirs: list[str], *, below: bool) -> bool:
    if len(theirs) <= len(mine) if below else len(theirs) != len(mine):
        return False
    return all(one == other or other == MODEL for one, other in zip(mine, theirs, strict=False))
