"""A regenerate block that cannot be followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ..diagnostics import Diagnostic, error, warning
from ..effective import merged
from ..tree import Items, Node, Scalar, Source, entries, entry, get, items, number, text
from .ranges import Range, outside

_RANGES = {
    "rounds": Range(1, 20),
    "rounds_when.flag": Range(1, 20),
    "rounds_when.guideline": Range(1, 20),
    "rounds_when.redact": Range(1, 20),
    "n": Range(1, 16),
    "parallel": Range(1, 16),
    "budget.seconds": Range(0.1, 600),
    "budget.tokens": Range(1, 1_000_000),
    "budget.money": Range(0.000001, 10_000),
    "budget.price.input": Range(0, 100_000),
    "budget.price.output": Range(0, 100_000),
}
_SERVICES: Final[Mapping[str, str]] = {"corrector": "corrector", "rewrite_prompt": "rewriter"}
"""The helper model that each of these strategies asks."""


def check(source: Source) -> Iterator[Diagnostic]:
    """Reports numbers out of range, strategies without their helper, a price that is missing, and an unread `n`."""
    block = get(source.root, "regenerate")
    yield from outside(block, name="regenerate", ranges=_RANGES)
    strategies, drawn = _strategies(get(block, "strategy")), entry(block, "n")
    words = {text(node) for node in strategies}
    if drawn and words and None not in words and "best_of_n" not in words:
        message = f"regenerate.n is read by the strategy best_of_n alone, not by {', '.join(sorted(map(str, words)))}"
        yield warning(drawn.mark, "unused", message)
    if isinstance(chain := get(block, "strategy"), Items) and not items(chain):
        yield error(chain.mark, "no-strategy", "regenerate.strategy is an empty list", hint="strategy: [guideline]")
    yield from _helpers(source, strategies)
    yield from _price(source, get(block, "budget", "money"))


def _strategies(node: Node | None) -> tuple[Node, ...]:
    return tuple(items(node)) if isinstance(node, Items) else (node,) if isinstance(node, Scalar) else ()


def _helpers(source: Source, strategies: tuple[Node, ...]) -> Iterator[Diagnostic]:
    known = {item.key for item in entries(get(merged(source), "services"))}
    for node in strategies:
        service = _SERVICES.get(text(node) or "")
        if service and service not in known:
            message = f"the strategy {text(node)} asks the helper model {service!r}, which services does not name"
            yield error(node.mark, "no-service", message, hint=f"services: {{{service}: {{url: …, model: …}}}}")


def _price(source: Source, money: Node | None) -> Iterator[Diagnostic]:
    price = get(merged(source), "regenerate", "budget", "price")
    if money is not None and number(money) is not None and not entries(price):
        message = "regenerate.budget.money bounds nothing without a price"
        yield error(money.mark, "no-price", message, hint="price: {input: …, output: …}, for a million tokens each")
