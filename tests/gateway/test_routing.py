from __future__ import annotations

import pytest

from headgate.gateway.routing import Routing, Target
from headgate.gateway.upstream_settings import RouteSettings
from headgate.models.errors import InputError, UnknownModel

NAMES = ("a", "b", "c")


def routing(*routes: RouteSettings) -> Routing:
    return Routing(routes, upstreams=NAMES)


ROUTES = routing(
    RouteSettings(model="*", upstream="c"),
    RouteSettings(model="gpt-*", upstream="b", rename="openai/*"),
    RouteSettings(model="gpt-4?", upstream="c"),
    RouteSettings(model="gpt-4o", upstream="a", rename="prod", fallback=("b", "c/meta/llama")),
)


def test_an_exact_name_comes_first_then_patterns_in_their_order_then_the_rest() -> None:
    assert ROUTES.of("gpt-4o") == (
        Target(upstream="a", model="prod"),
        Target(upstream="b"),
        Target(upstream="c", model="meta/llama"),
    )
    assert ROUTES.of("gpt-4x") == (Target(upstream="b", model="openai/4x"),)
    assert ROUTES.of("other") == (Target(upstream="c"),)
    assert ROUTES.of(None) == (Target(upstream="c"),)


def test_what_is_listed() -> None:
    assert (ROUTES.names, ROUTES.open) == (("gpt-4o",), ("b", "c"))


def test_without_routes_the_first_upstream_answers_for_everything() -> None:
    assert routing().of("whatever") == (Target(upstream="a"),)


def test_an_unknown_model_is_told_which_ones_there_are() -> None:
    found = routing(*(RouteSettings(model=f"m{number}", upstream="a") for number in range(60)))
    with pytest.raises(UnknownModel, match=r"these are: m0, .*m49 and 10 more") as caught:
        found.of("x" * 999)
    assert len(str(caught.value)) < 500
    with pytest.raises(InputError, match="'model' is missing"):
        found.of(None)
    with pytest.raises(InputError, match="must be a string"):
        found.of(["m1"])


@pytest.mark.parametrize(("pattern", "name"), [("a.c", "abc"), ("gpt-4?", "gpt-4"), ("m*", "xm"), ("[ab]*", "a")])
def test_a_pattern_is_no_regular_expression(pattern: str, name: str) -> None:
    with pytest.raises(UnknownModel):
        routing(RouteSettings(model=pattern, upstream="a")).of(name)
