"""Cases that fail on the policy they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..cases import CaseResult, run_cases
from ..compiled import CompiledPolicy
from ..diagnostics import Diagnostic, error
from ..tree import Source, get, items


def check_cases(source: Source, policy: CompiledPolicy) -> Iterator[Diagnostic]:
    """Reports every case with scores of its own whose action is not the expected one; others need a model."""
    yield from failed(source, run_cases(policy))


def failed(source: Source, results: Sequence[CaseResult]) -> Iterator[Diagnostic]:
    """A fault at the line of each failed case."""
    nodes = items(get(source.root, "cases"))
    for node, result in zip(nodes, results, strict=False):
        if result.outcome == "failed":
            expected = get(node, "expect")
            message = f"the case expects {result.case.expect}, and the policy says {result.got}"
            yield error((expected or node).mark, "failing-case", message, hint=result.case.note)
