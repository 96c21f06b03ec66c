"""Schemathesis over the description that the gateway itself serves, against the real server and a real upstream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from headgate.gateway.openapi import document
from headgate.guard.guard import Guard
from headgate.models.fakes import FakeClassifier
from headgate.policies.compile import parse_policy

from ..dialect_upstream import speaking
from .conftest import POLICY, RULES, Settings, serving
from .wires import PATHS

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_file(document().decode())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ExitStack() as stack:
        upstream = stack.enter_context(speaking())
        guard = stack.enter_context(Guard(parse_policy(POLICY), FakeClassifier(RULES)))
        yield stack.enter_context(serving(Settings(upstream=upstream, policy="test", limits=()), guard))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.parametrize("path", PATHS)
def test_what_fits_the_description_is_answered_by_it_and_what_does_not_is_refused(
    address: str, path: str, mode: GenerationMode
) -> None:
    checks = CHECKS if mode is GenerationMode.POSITIVE else [*CHECKS, negative_data_rejection]

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=SCHEMA[path]["POST"].as_strategy(generation_mode=mode))
    def answered(case: schemathesis.Case) -> None:
        case.validate_response(case.call(base_url=address, timeout=20), checks=checks)

    answered()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/openapi.json", "/v1/health", "/v1/models"])
def test_what_is_read_is_as_described(address: str, path: str) -> None:
    case = SCHEMA[path]["GET"].Case()
    # The fake does not know the probe, so readiness is a 503 here, as described.
    case.validate_response(case.call(base_url=address, timeout=20), checks=CHECKS[1:])
