"""Which upstreams answer for a model: by its exact name, else by the first pattern that fits, else by `*`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..models.errors import InputError, UnknownModel
from .upstream_settings import RouteSettings

_MOST_TOLD: Final = 50
_WILD: Final = re.compile(r"([*?])")


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream by name, and what it calls the model; None: as the caller does."""

    upstream: str
    model: str | None = None


class _Pattern(msgspec.Struct, frozen=True):
    expression: re.Pattern[str]
    route: RouteSettings


class Routing:
    """The routes of one configuration. Without any, the first of `upstreams` answers for every model."""

    def __init__(self, routes: Sequence[RouteSettings], *, upstreams: Sequence[str]) -> None:
        self._routes = tuple(routes) or (RouteSettings(model="*", upstream=upstreams[0]),)
        self._exact = {route.model: route for route in self._routes if not _WILD.search(route.model)}
        wild = [route for route in self._routes if _WILD.search(route.model)]
        # `*` is what is left, wherever it stands.
        wild.sort(key=lambda route: route.model == "*")
        self._patterns = [_Pattern(_compiled(route.model), route) for route in wild]

    @property
    def names(self) -> tuple[str, ...]:
        """The models that have a route of their own, in the file's order."""
        return tuple(self._exact)

    @property
    def open(self) -> tuple[str, ...]:
        """The upstreams that answer for patterns: which models there are they know themselves."""
        return tuple(dict.fromkeys(pattern.route.upstream for pattern in self._patterns))

    def of(self, model: Any) -> tuple[Target, ...]:
        """Who is asked, in order; raises UnknownModel, or InputError for what is no name."""
        if model is not None and not isinstance(model, str):
            raise InputError("'model' must be a string", param="model")
        name = model or ""
        if name in self._exact:
            return _targets(self._exact[name], stood_for="")
        for pattern in self._patterns:
            if found := pattern.expression.fullmatch(name):
                return _targets(pattern.route, stood_for=found[1] if found.re.groups else "")
        if not name:
            raise InputError(f"'model' is missing: send one of {self._told()}", param="model")
        raise UnknownModel(f"no model {name[:64]!r} is served here; these are: {self._told()}", param="model")

    def _told(self) -> str:
        found = [route.model for route in self._routes]
        more = len(found) - _MOST_TOLD
        return ", ".join(found[:_MOST_TOLD]) + (f" and {more} more" if more > 0 else "")


def _targets(route: RouteSettings, *, stood_for: str) -> tuple[Target, ...]:
    renamed = route.rename.replace("*", stood_for) if route.rename is not None else None
    others = (entry.partition("/") for entry in route.fallback)
    return (
        Target(upstream=route.upstream, model=renamed),
        *(Target(upstream=name, model=model or None) for name, _, model in others),
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` is any text and `?` any character; what the only `*` stands for is group 1."""
    star = "(.*)" if pattern.count("*") == 1 else ".*"
    steps = (star if step == "*" else "." if step == "?" else re.escape(step) for step in _WILD.split(pattern))
    return re.compile("".join(steps), re.DOTALL)
