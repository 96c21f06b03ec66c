from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest

from headgate.gateway.asgi import PRESENCE, Presence
from headgate.gateway.config import Settings
from headgate.gateway.direct import EMBEDDINGS, guarded_direct
from headgate.gateway.state import Gateway
from headgate.guard.guard import Guard
from headgate.guard.redact import MASK
from headgate.models.fakes import FakeClassifier, scores

from ..upstream import Reply, Upstream
from .conftest import POLICY, RULES, Server, Start

VECTORS = b'{"object":"list","model":"e","data":[{"object":"embedding","index":0,"embedding":[0.5,1e-05]}],"usage":{"prompt_tokens":2,"total_tokens":2}}'  # noqa: E501
PICTURE = b'{"created":1,"data":[{"b64_json":"aGk="}]}'


def embed(server: Server, text: Any = "Hello.") -> Any:
    return server.client().embeddings.with_raw_response.create(model="e", input=text, encoding_format="float")


def paint(server: Server, prompt: str = "A red barn") -> Any:
    return server.client().images.with_raw_response.generate(model="i", prompt=prompt)


def test_embeddings_pass_with_their_texts_judged(server: Server) -> None:
    server.upstream.script = Reply(raw=VECTORS, headers={"x-request-id": "r1"})
    raw = embed(server, ["Hello.", "And more."])
    assert raw.parse().data[0].embedding == [0.5, 1e-05]
    assert raw.headers["x-headgate-verdict"] == "allow"
    assert raw.headers["x-headgate-judged"] == "2"
    assert raw.headers["x-request-id"] == "r1"
    assert server.upstream.bodies[0]["input"] == ["Hello.", "And more."]
    record = server.record()
    assert [part["path"] for part in record["parts"]] == ["input[0]", "input[1]"]
    assert record["delivery"] == "delivered"


def test_a_refused_text_is_a_400_that_image_handlers_know_and_upstream_never_hears_of_it(server: Server) -> None:
    for call in (lambda: embed(server, ["Hello.", "WORST thing"]), lambda: paint(server, "WORST thing")):
        with pytest.raises(openai.BadRequestError) as caught:
            call()
        error: Any = caught.value.body
        assert error["code"] == "content_policy_violation"
        assert error["param"] in ("input", "prompt")
        assert error["innererror"]["content_filter_result"]["violence"] == {"filtered": True, "severity": "high"}
        assert "violence" in error["message"]
        assert caught.value.response.headers["x-headgate-verdict"] == "refuse"
    assert server.upstream.bodies == []
    assert server.record()["delivery"] == "refused"


def test_a_refusal_speaks_the_callers_language(server: Server) -> None:
    raw = server.post({"input": "WORST"}, "/v1/embeddings", accept_language="de")
    assert json.loads(raw.lines[0])["error"]["message"].startswith("Dabei")


def test_a_person_at_risk_is_answered_with_help(server: Server) -> None:
    raw = server.post({"prompt": "SAD"}, "/v1/images/generations")
    assert raw.status == 400
    assert "988" in raw.lines[0] or "help" in raw.lines[0]
    assert raw.headers["x-headgate-verdict"] == "support"


def test_token_ids_are_reported_and_go_where_the_policy_says(server: Server, start: Start) -> None:
    server.upstream.script = Reply(raw=VECTORS)
    raw = embed(server, [[1, 2], [3]])
    assert raw.headers["x-headgate-unjudged"] == "2"
    assert raw.headers["x-headgate-verdict"] == "flag"
    strict = start(POLICY + "on_unjudged: strict\n")
    with pytest.raises(openai.BadRequestError):
        embed(strict, [1, 2])


def test_a_redacted_text_is_masked_and_one_that_cannot_be_is_refused(start: Start) -> None:
    server = start(POLICY + "input: {severe: redact}\non_unjudged: {opaque: redact}\n")
    server.upstream.script = Reply(raw=VECTORS)
    assert embed(server, ["WORST", "Hello."]).headers["x-headgate-verdict"] == "redact"
    assert server.upstream.bodies[0]["input"] == [MASK, "Hello."]
    with pytest.raises(openai.BadRequestError):
        embed(server, [1, 2])


def test_monitor_mode_holds_nothing_back(start: Start) -> None:
    server = start(POLICY + "mode: monitor\n")
    server.upstream.script = Reply(raw=VECTORS)
    assert embed(server, "WORST").headers["x-headgate-verdict"] == "refuse"
    assert server.upstream.bodies[0]["input"] == "WORST"


def blind() -> FakeClassifier:
    """One that reads texts alone."""
    return FakeClassifier(RULES, kinds=frozenset({"text"}))


def test_an_image_that_nobody_judges_is_reported(start: Start) -> None:
    server = start(classifier=blind())
    server.upstream.script = Reply(raw=PICTURE)
    raw = paint(server)
    assert raw.parse().data[0].b64_json == "aGk="
    assert raw.headers["x-headgate-unjudged"] == "1"
    record = server.record()
    assert record["verdict"]["coverage"]["unjudged"][0]["part"] == "response.data[0]"
    assert [part["path"] for part in record["parts"]] == ["prompt", "response.data[0]"]


def test_an_unjudged_image_is_refused_where_the_policy_says_so(start: Start) -> None:
    server = start(POLICY + "on_unjudged: {image: refuse}\n", classifier=blind())
    server.upstream.script = Reply(raw=PICTURE)
    with pytest.raises(openai.BadRequestError) as caught:
        paint(server)
    assert caught.value.response.headers["x-headgate-verdict"] == "refuse"
    assert len(server.upstream.bodies) == 1


def test_what_upstream_made_of_the_prompt_is_judged(server: Server) -> None:
    server.upstream.script = Reply(raw=b'{"created":1,"data":[{"url":"https://x.test/a","revised_prompt":"BAD"}]}')
    with pytest.raises(openai.BadRequestError):
        paint(server)
    assert server.record()["verdict"]["rounds"][0]["action"] == "regenerate"


def test_prompts_for_images_are_judged_as_such(start: Start) -> None:
    seen: list[tuple[str, str]] = []

    def look(parts: Any) -> None:
        seen.extend((part.path, part.purpose) for part in parts)

    server = start(classifier=FakeClassifier({"x": scores()}, before=look))
    server.upstream.script = Reply(raw=PICTURE)
    paint(server)
    assert seen == [("prompt", "t2i"), ("response.data[0]", "t2i")]


@pytest.mark.parametrize("status", [401, 429, 500])
def test_an_error_of_upstream_keeps_its_status_and_body(server: Server, status: int) -> None:
    server.upstream.script = Reply(status=status)
    with pytest.raises(openai.APIStatusError) as caught:
        embed(server)
    assert caught.value.status_code == status
    assert caught.value.body == {"message": "scripted", "type": "x"}


@pytest.mark.parametrize("body", [b"{", b"[]", {"input": 5}])
def test_a_body_that_cannot_be_read_is_a_400(server: Server, body: Any) -> None:
    raw = server.post(body, "/v1/embeddings")
    assert (raw.status, json.loads(raw.lines[0])["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("words", ["RAISE", "NAN"])
def test_a_text_that_could_not_be_judged_is_not_embedded(server: Server, words: str) -> None:
    raw = server.post({"input": words}, "/v1/embeddings")
    assert raw.status == 400
    assert server.upstream.bodies == []


def test_an_upstream_that_is_not_there_is_a_502_and_recorded(start: Start) -> None:
    server = start(url="http://127.0.0.1:9")
    assert server.post({"input": "Hello."}, "/v1/embeddings").status == 502
    assert server.record()["delivery"] == "withheld"


async def test_a_server_that_tells_when_the_client_goes_is_believed(upstream: Upstream, tmp_path: Path) -> None:
    presence, read = Presence(), []

    async def receive() -> dict[str, Any]:
        read.append("body")
        assert len(read) == 1, "a server that tells who is there is not asked"
        return {"type": "http.request", "body": b'{"input": "Hello."}'}

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    def look(_: object) -> None:
        loop.call_soon_threadsafe(presence.leave)

    loop = asyncio.get_running_loop()
    settings = Settings(upstream=upstream.url, record=str(tmp_path / "records"))
    with Guard("default", FakeClassifier(before=look)) as guard:
        gateway = Gateway(settings, guard)
        upstream.script = Reply(fault="hang")
        async with gateway.running():
            scope = {"type": "http", "path": "/v1/embeddings", "headers": [], "extensions": {PRESENCE: presence}}
            await guarded_direct(gateway, guard, EMBEDDINGS, scope, receive, send)
    assert json.loads((tmp_path / "records").read_bytes())["delivery"] == "client_gone"
    assert read == ["body"]
