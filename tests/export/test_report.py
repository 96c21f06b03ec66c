from __future__ import annotations

import json
from pathlib import Path

import pytest

from headgate.export.job import Outcome
from headgate.export.report import lines, show
from headgate.models.exported import Engine, Parity, Profile, Tolerance

PARITY = Parity(
    against="the original", seen="source graph", rows=100, worst=0.0123, mean=0.001, flips=1, policy="strict"
)
ENGINE = Engine(
    backend="tensorrt", version="11.4", capabilities=("8.9",), newer=True, platform="Linux-x86_64",
    profiles=(Profile(batch=8, length=32), Profile(batch=4, length=0)),
)  # fmt: skip
OUTCOME = Outcome(
    name="text", folder=Path("out"), target="tensorrt", precision="fp16", graph="model.plan", bytes=2_500_000,
    parity=PARITY, tolerance=Tolerance(logits=0.05, flips=0.02), engine=ENGINE,
)  # fmt: skip


def test_flips_and_differences_are_told_with_what_is_allowed_and_what_was_seen() -> None:
    text = "\n".join(lines(OUTCOME))
    assert "out/model.plan (fp16, 2.5 MB)" in text
    assert "worst difference 0.012, mean 0.001 (allowed 0.05)" in text
    assert "decisions under strict: 1 of 100 differ (allowed 2)" in text
    assert "compared when it is first loaded" in text
    assert "8×32, 4" in text
    assert "and later of its kind" in text


def test_programs_get_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    show(OUTCOME, as_json=True)
    held = json.loads(capfdbinary.readouterr().out)
    assert held["parity"]["flips"] == 1
    assert held["folder"] == "out"
