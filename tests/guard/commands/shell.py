"""Runs `headgate` in process, with a classifier that knows two words in place of the embedded model."""

from __future__ import annotations

from typing import Any

from click.testing import CliRunner, Result

from headgate.guard.cli import cli
from headgate.models.fakes import FakeClassifier, scores

from ..dialogue import BAD, WORSE


def fake(**more: Any) -> FakeClassifier:
    rules = {
        WORSE: scores(unsafe=0.95, severity=3, categories={"violence": 0.95}),
        BAD: scores(unsafe=0.9, severity=2, categories={"violence": 0.9}),
    }
    return FakeClassifier(rules, **more)


def headgate(*arguments: object, models: Any = None, input: str | bytes | None = None) -> Result:
    return CliRunner().invoke(
        cli, [str(argument) for argument in arguments], obj=models if models is not None else fake(), input=input
    )
