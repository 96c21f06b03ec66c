import time

import pytest

from headgate.models.errors import ConfigError, DeadlineExceeded, ModelUnavailable
from headgate.models.guards.connections import Connections

from .server import GuardServer, Said

BODY = b'{"messages": []}'


def post(connections: Connections, *, seconds: float = 20.0):
    return connections.post("/chat/completions", BODY, headers={}, deadline=time.monotonic() + seconds)


def test_a_connection_is_kept_and_used_again(server: GuardServer):
    connections = Connections(server.url)
    for _ in range(3):
        assert post(connections).status == 200
    assert server.connections == 1
    assert server.paths == ["/v1/chat/completions"] * 3
    connections.close()


def test_a_kept_connection_that_the_server_ended_is_replaced(server: GuardServer):
    connections = Connections(server.url)
    post(connections)
    answers = iter([Said(drop=True), Said(tokens=("safe",))])
    server.script = lambda body: next(answers)
    assert post(connections).status == 200


def test_a_server_that_hangs_up_on_a_new_connection_is_not_there(server: GuardServer):
    server.script = lambda body: Said(drop=True)
    with pytest.raises(ModelUnavailable):
        post(Connections(server.url))


def test_a_status_is_an_answer(server: GuardServer):
    server.script = lambda body: Said(status=503, raw=b"busy")
    assert post(Connections(server.url)).body == b"busy"


def test_the_deadline_holds_for_a_server_that_says_nothing(server: GuardServer):
    server.script = lambda body: Said(hang=True)
    with pytest.raises(DeadlineExceeded):
        post(Connections(server.url), seconds=0.1)


def test_a_port_where_nobody_listens_is_named_as_such():
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        post(Connections("http://127.0.0.1:1/v1"))


def test_an_answer_without_end_is_not_read_to_its_end(server: GuardServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headgate.models.guards.connections.MAX_ANSWER", 10)
    with pytest.raises(ModelUnavailable):
        post(Connections(server.url))


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://a/v1", "http://", "http://me:secret@a/v1", "http://a:b/v1"]
)
def test_what_is_no_address_is_refused_and_a_password_is_not_repeated(url: str):
    with pytest.raises(ConfigError) as caught:
        Connections(url)
    assert "secret" not in str(caught.value)


def test_an_address_without_a_path_gets_v1():
    assert Connections("http://localhost:8000").path == "/v1"
    assert Connections("http://localhost:8000/api/v1/").path == "/api/v1"
