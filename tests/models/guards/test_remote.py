import pytest

from headgate.models.errors import DeadlineExceeded, InferenceFailed, ModelUnavailable, Overloaded
from headgate.models.guards.asking import Ask, Reply
from headgate.models.guards.remote import Remote, Server

from .server import GuardServer, Said

ASK = Ask(prompt="p", messages=({"role": "user", "content": "p"},), choices=("safe", "unsafe"))


def remote(server: GuardServer, **more: object) -> Remote:
    return Remote(Server(url=server.url, model="m", **more))  # type: ignore[arg-type]


def test_each_ask_has_its_reply_in_order(server: GuardServer):
    server.script = lambda body: Said(tokens=(body["messages"][0]["content"],))
    asks = [Ask(messages=({"role": "user", "content": str(number)},)) for number in range(20)]
    replies = remote(server, callers=4).answer(asks)
    assert [reply.text for reply in replies if isinstance(reply, Reply)] == [str(number) for number in range(20)]
    assert server.connections <= 4


def test_the_key_is_shown_to_the_server_and_to_nobody_else(server: GuardServer):
    config = Server(url=server.url, model="m", key="hush")
    Remote(config).answer([ASK])
    assert server.keys == ["Bearer hush"]
    assert "hush" not in repr(config)


def test_the_digest_tells_servers_models_and_ways_of_asking_apart(server: GuardServer):
    one = remote(server)
    assert one.digest == remote(server, key="other", timeout=1.0).digest
    assert one.digest != Remote(Server(url=server.url, model="n")).digest
    assert one.digest != remote(server, endpoint="completions").digest


def test_a_busy_server_is_asked_again(server: GuardServer):
    answers = iter([Said(status=503), Said(tokens=("safe",))])
    server.script = lambda body: next(answers)
    (reply,) = remote(server, retries=1).answer([ASK])
    assert isinstance(reply, Reply)


@pytest.mark.parametrize(
    ("said", "error", "times"),
    [
        (Said(status=503), Overloaded, 2),
        (Said(status=429), Overloaded, 2),
        (Said(status=401), ModelUnavailable, 1),
        (Said(status=404), ModelUnavailable, 1),
        (Said(status=400, raw=b"the prompt was: secret"), InferenceFailed, 1),
        (Said(status=500), InferenceFailed, 1),
        (Said(status=302), InferenceFailed, 1),
        (Said(raw=b"<html>"), InferenceFailed, 1),
        (Said(drop=True), ModelUnavailable, 2),
    ],
)
def test_every_failure_is_a_reason_and_never_a_reply(
    server: GuardServer, said: Said, error: type[Exception], times: int
):
    server.script = lambda body: said
    (found,) = remote(server, retries=1).answer([ASK])
    assert type(found) is error
    assert "secret" not in str(found)
    assert len(server.bodies) == times


def test_a_server_that_hangs_costs_one_timeout(server: GuardServer):
    server.script = lambda body: Said(hang=True)
    (found,) = remote(server, timeout=0.1, retries=5).answer([ASK])
    assert isinstance(found, DeadlineExceeded)
    assert len(server.bodies) == 1


def test_one_pass_that_fails_leaves_the_others(server: GuardServer):
    server.script = lambda body: Said(status=500) if body["messages"][0]["content"] == "1" else Said(tokens=("safe",))
    found = remote(server).answer([Ask(messages=({"role": "user", "content": str(number)},)) for number in range(3)])
    assert [isinstance(one, Reply) for one in found] == [True, False, True]


def test_ending_it_ends_its_threads(server: GuardServer):
    asked = remote(server)
    asked.answer([ASK, ASK])
    asked.close()
