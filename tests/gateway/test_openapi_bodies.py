from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema_rs import validator_for

from headgate.gateway.openapi_bodies import BODIES

from .conftest import Server
from .wires import PATHS


def test_every_route_that_takes_a_body_has_a_schema() -> None:
    assert sorted(BODIES) == sorted(PATHS)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": []}),
        ("/v1/chat/completions", {"messages": [{"role": "WORST", "content": "x"}]}),
        ("/v1/completions", {"prompt": [[]]}),
        ("/v1/responses", {"input": 1}),
        ("/v1/embeddings", {"input": []}),
        ("/v1/images/generations", {"prompt": ""}),
        ("/v1/messages", {"messages": [{"role": "tool", "content": "x"}]}),
        ("/v1/messages/count_tokens", {"messages": [{"role": "user"}], "stream": 1}),
        ("/api/chat", {"messages": [{"role": "user", "content": []}]}),
        ("/v1/moderations", {"input": []}),
        ("/v1/check", {"prompt": "x", "further": 1}),
        ("/beta/litellm_basic_guardrail_api", {"input_type": "x"}),
        ("/v1/evaluate", {"kind": "step/request"}),
        ("/v1/heartbeat", {"integration": ""}),
    ],
)
def test_what_a_schema_refuses_its_reader_refuses_too(server: Server, path: str, body: Any) -> None:
    assert not validator_for(BODIES[path]).is_valid(body)
    assert server.post(json.dumps(body).encode(), path).status == 400
