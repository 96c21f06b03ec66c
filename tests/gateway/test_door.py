from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest

from headgate.guard.keys import NewKey, create_key, revoke_key

from ..upstream import Reply
from .conftest import POLICY, Raw, Server, Start

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Which birds dive?"}]}
STRIKES = POLICY + "strikes: {severe: 4, half_life: 36000, refuse: [{points: 10, seconds: 600}]}\n"
PRICED = POLICY + "regenerate: {budget: {price: {input: 50000, output: 100000}}}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


def say(server: Server, key: NewKey | None = None, *, text: str = "Which birds dive?", **more: Any) -> Raw:
    headers = {"authorization": f"Bearer {key.secret}"} if key is not None else {}
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **more}
    raw = server.post(body, **headers)
    # What an exchange took is counted after its answer has left.
    server.settle()
    return raw


def error(raw: Raw) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw.lines[0])["error"]
    return found


@pytest.mark.parametrize("route", ["/v1/chat/completions", "/v1/moderations", "/v1/check"])
def test_where_there_are_keys_nothing_is_served_without_one(start: Start, path: Path, route: str) -> None:
    create_key(path, tenant="acme")
    server = start(keys=str(path))
    for headers, code in (({}, "missing_api_key"), ({"authorization": "Bearer hg_wrong"}, "invalid_api_key")):
        raw = server.post(CHAT, route, **headers)
        assert raw.status == 401
        assert error(raw)["code"] == code
        assert raw.headers["www-authenticate"] == "Bearer"
    assert server.upstream.bodies == []
    assert 'headgate_denied_total{reason="unauthorized"} 2.0' in server.send("GET", "/metrics").lines


def test_the_models_need_a_key_and_the_probes_do_not(start: Start, path: Path) -> None:
    create_key(path, tenant="acme")
    server = start(keys=str(path))
    assert server.send("GET", "/v1/models").status == 401
    assert server.send("GET", "/livez").status == 200
    assert server.send("GET", "/readyz").status in (200, 503)


def test_a_key_serves_the_official_client_and_never_reaches_upstream(start: Start, path: Path) -> None:
    made = create_key(path, tenant="acme")
    server = start(keys=str(path))
    client = server.client().with_options(api_key=made.secret)
    assert client.chat.completions.create(**CHAT).choices[0].message.content == "Fine."  # type: ignore[call-overload]
    assert made.secret not in str(server.upstream.headers)
    assert server.record()["tenant"] == "acme"


def test_a_key_beside_one_for_upstream_leaves_that_one_alone(start: Start, path: Path) -> None:
    made = create_key(path, tenant="acme")
    server = start(keys=str(path))
    raw = server.post(CHAT, authorization="Bearer sk-upstream", x_headgate_key=made.secret)
    assert raw.status == 200
    sent = {name.lower(): value for name, value in server.upstream.headers[-1].items()}
    assert sent["authorization"] == "Bearer sk-upstream"
    assert made.secret not in str(server.upstream.headers)


def test_a_revoked_key_stops_working_in_a_gateway_that_runs(start: Start, path: Path) -> None:
    made = create_key(path, tenant="acme")
    server = start(keys=str(path))
    assert say(server, made).status == 200
    revoke_key(path, made.key.id)
    while say(server, made).status != 401:
        pass


def test_a_keys_policy_is_in_force_for_it_alone(start: Start, path: Path, tmp_path: Path) -> None:
    policy = tmp_path / "own.yaml"
    policy.write_text(POLICY.replace("name: test", "name: own") + "input: {minor: refuse, moderate: refuse}\n")
    own, plain = create_key(path, tenant="own", policy=str(policy)), create_key(path, tenant="plain")
    server = start(keys=str(path))
    found = [say(server, key).headers["x-headgate-policy"].split("@")[0] for key in (own, plain)]
    assert found == ["own", "test"]


def test_a_limit_answers_429_with_when_to_come_again(start: Start, path: Path) -> None:
    made, other = create_key(path, tenant="acme", limits=["requests=2/h"]), create_key(path, tenant="acme")
    server = start(keys=str(path))
    first, second, third = (say(server, made) for _ in range(3))
    assert [raw.status for raw in (first, second, third)] == [200, 200, 429]
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert [raw.headers["x-ratelimit-remaining-requests"] for raw in (first, second)] == ["1", "0"]
    assert error(third)["code"] == "rate_limit_exceeded"
    assert error(third)["type"] == "requests"
    assert 1 <= int(third.headers["retry-after"]) <= 7200
    assert say(server, other).status == 200
    assert len(server.upstream.bodies) == 3


def test_the_official_client_knows_the_429(start: Start) -> None:
    server = start(limits=("requests=1/h",))
    say(server)
    with pytest.raises(openai.RateLimitError) as caught:
        server.client().chat.completions.create(**CHAT)  # type: ignore[call-overload]
    assert caught.value.code == "rate_limit_exceeded"


def test_all_keys_of_a_tenant_share_its_limit(start: Start, path: Path) -> None:
    keys = [create_key(path, tenant="acme") for _ in range(2)]
    stranger = create_key(path, tenant="other")
    server = start(keys=str(path), limits=("requests=3/h",))
    assert [say(server, keys[n % 2]).status for n in range(4)] == [200, 200, 200, 429]
    assert say(server, stranger).status == 200


@pytest.mark.parametrize("more", [{}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}])
def test_tokens_are_counted_as_upstream_tells_them(start: Start, more: dict[str, Any]) -> None:
    server = start(limits=("tokens=40/h",))
    statuses = [say(server, **more).status for _ in range(4)]
    # Each takes 15; a prompt of about 11 is reserved before it is let in.
    assert statuses == [200, 200, 429, 429]


def test_what_was_refused_without_asking_upstream_takes_no_tokens(start: Start) -> None:
    server = start(limits=("tokens=40/h",))
    for _ in range(5):
        assert say(server, text="WORST words").status == 200
    assert say(server).headers["x-ratelimit-remaining-tokens"] == "29"


def test_money_is_counted_at_the_policys_price(start: Start) -> None:
    server = start(PRICED, limits=("money=1.5/d",))
    # 10 prompt tokens at 0.05 and 5 completion tokens at 0.1 make 1.
    found = [say(server) for _ in range(3)]
    assert [raw.status for raw in found] == [200, 200, 429]
    assert error(found[-1])["code"] == "insufficient_quota"


def test_one_prompt_with_ever_other_sampling_is_stopped_and_the_same_again_is_not(start: Start) -> None:
    server = start(limits=("variants=3/h",))
    statuses = [say(server, temperature=n / 10).status for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert say(server, temperature=0.1).status == 200
    assert say(server).status == 200
    assert say(server, text="Which fish fly?", temperature=0.9).status == 200


def test_by_default_the_attack_on_generation_is_stopped(start: Start) -> None:
    server = start()
    settings = [{"temperature": t / 20} for t in range(1, 21)] + [{"top_p": p / 20} for p in range(1, 21)]
    statuses = [server.post({**CHAT, **setting}).status for setting in settings]
    assert statuses == [200] * 20 + [429] * 20


def test_strikes_bar_who_sent_too_much_that_was_refused(start: Start) -> None:
    server = start(STRIKES)
    for _ in range(2):
        assert say(server, text="WORST words", user="ann").status == 200
    assert say(server, user="ann").status == 200
    assert say(server, text="WORST words", user="ann").status == 200
    barred = say(server, user="ann")
    assert barred.status == 429
    assert error(barred)["code"] == "too_many_strikes"
    assert 500 < int(barred.headers["retry-after"]) <= 600
    assert say(server, user="bob").status == 200
    assert say(server).status == 200
    assert 'headgate_strikes_total{severity="severe"} 3.0' in server.send("GET", "/metrics").lines


def test_an_answers_fault_is_not_the_callers(start: Start) -> None:
    server = start(STRIKES)
    server.upstream.script = Reply(texts=["WORST"])
    for _ in range(4):
        assert say(server, user="ann").status == 200


def test_strikes_of_a_key_count_where_no_user_is_named(start: Start, path: Path) -> None:
    made, other = (create_key(path, tenant="acme") for _ in range(2))
    server = start(STRIKES, keys=str(path))
    for _ in range(3):
        say(server, made, text="WORST words")
    assert say(server, made).status == 429
    assert say(server, other).status == 200


def test_a_person_at_risk_is_not_struck(start: Start) -> None:
    server = start(STRIKES)
    for _ in range(12):
        assert say(server, text="SAD words", user="ann").status == 200


@pytest.mark.parametrize(
    ("route", "shape"), [("/v1/messages", {"type": "error"}), ("/api/chat", {}), ("/v1/chat/completions", {})]
)
def test_a_refusal_speaks_the_clients_dialect(route: str, shape: dict[str, str]) -> None:
    from headgate.gateway.door import refusal
    from headgate.gateway.limits import Denied

    denied = Denied(status=429, reason="requests", message="slow down", code="rate_limit_exceeded", seconds=3)
    body = json.loads(refusal(route, denied))
    assert shape.items() <= body.items()
    said = body["error"]
    assert (said if isinstance(said, str) else said["message"]) == "slow down"


def test_a_body_in_pieces_is_read_ahead_and_arrives_whole(start: Start) -> None:
    server = start(limits=("variants=1/h",))
    whole = json.dumps({**CHAT, "temperature": 0.5}).encode()
    pieces = [whole[:10], whole[10:]]
    chunks = iter([b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"])
    assert server.post(chunks, transfer_encoding="chunked").status == 200
    assert json.dumps(server.upstream.bodies[0]["messages"]) == json.dumps(CHAT["messages"])


def test_a_body_that_is_too_large_is_refused_as_ever(start: Start) -> None:
    server = start(max_body=2048, limits=("tokens=1000/h",))
    assert server.post(b"x" * 5000).status == 413


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [("strict", 200, "strict@"), ("permissive", 400, "may only tighten"), ("/etc/passwd", 400, "must be one of")],
)
def test_a_caller_may_ask_for_a_stricter_policy_and_for_no_weaker_one(
    start: Start, name: str, status: int, words: str
) -> None:
    raw = start(POLICY.replace("name: test", "name: own")).post(CHAT, x_headgate_policy=name)
    assert raw.status == status
    assert words in (raw.headers["x-headgate-policy"] if status == 200 else error(raw)["message"])


def test_no_policy_can_be_asked_for_where_the_guard_is_off(start: Start) -> None:
    assert start("off").post(CHAT, x_headgate_policy="strict").status == 400


def test_an_upstream_that_keeps_failing_is_left_alone_for_a_while(start: Start) -> None:
    server = start(url="http://127.0.0.1:1/v1", breaker=3)
    found = [say(server) for _ in range(5)]
    assert [raw.status for raw in found] == [502, 502, 502, 503, 503]
    assert error(found[-1])["code"] == "upstream_unavailable"
    assert 1 <= int(found[-1].headers["retry-after"]) <= 5


def test_without_a_breaker_every_request_is_tried(start: Start) -> None:
    server = start(url="http://127.0.0.1:1/v1")
    assert [say(server).status for _ in range(4)] == [502] * 4


def test_asking_for_a_judgement_is_no_offence(start: Start, path: Path) -> None:
    made = create_key(path, tenant="acme")
    server = start(STRIKES, keys=str(path))
    for _ in range(4):
        assert server.post({"prompt": "WORST words"}, "/v1/check", x_headgate_key=made.secret).status == 200
    server.settle()
    assert say(server, made).status == 200
