from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headgate.gateway import doctor
from headgate.gateway.config import Settings
from headgate.gateway.doctor import Check, Look, Patient
from headgate.gateway.upstream_settings import RouteSettings, UpstreamSettings
from headgate.models.exported import Pixels

from ..models.guards.graphs import write_manifest
from ..models.v2_server import serving
from ..redis_server import BINARY, redis_server
from ..upstream import Reply, Upstream

HALVES = (0.5, 0.5, 0.5)


def look(one: Look, *, environment: dict[str, str] | None = None, **settings: object) -> dict[str, Check]:
    """The checks of one look at a set-up."""
    given = Settings(**{"upstream": "http://127.0.0.1:9", **settings})  # type: ignore[arg-type]
    return {check.name: check for check in one(Patient(settings=given, environment=environment or {}))}


def test_every_check_that_is_not_well_has_a_remedy(tmp_path: Path) -> None:
    settings = Settings(upstream="http://127.0.0.1:9", policy="off", workers=200, redis="redis://127.0.0.1:9")
    checks = doctor.examine(Patient(settings=settings, environment={}))
    assert {check.name for check in checks} >= {"python", "runtime", "gateway", "configuration", "policy", "upstream"}
    assert [check.name for check in checks if check.state != "ok" and not check.remedy] == []


def test_this_machine_can_run_it() -> None:
    (python,) = look(doctor.python).values()
    assert python.state == "ok"
    assert {check.state for check in look(doctor.packages).values()} == {"ok"}


def test_settings_that_cannot_be_read_are_the_fault() -> None:
    checks = doctor.examine(Patient(settings=None, fault="headgate.yaml:1:1: no", environment={}))
    (found,) = [check for check in checks if check.state == "failed"]
    assert (found.name, found.found) == ("configuration", "headgate.yaml:1:1: no")


def test_a_model_file_that_is_not_what_its_manifest_says_fails(tmp_path: Path) -> None:
    assert look(doctor.models, model=str(tmp_path))["model"].state == "failed"
    assert look(doctor.models, policy="off") == {}


@pytest.mark.parametrize(("text", "state"), [("version: 1\n", "ok"), ("version: 1\ninput: shout\n", "failed")])
def test_a_policy_is_checked(tmp_path: Path, text: str, state: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    found = look(doctor.policy, policy=str(path))["policy"]
    assert found.state == state
    if state == "failed":
        assert f"{path}:2:8" in found.found
        assert "headgate policy validate" in found.remedy


def test_a_policy_that_is_off_is_a_warning() -> None:
    assert look(doctor.policy, policy="off")["policy"].state == "warning"


def test_keys_in_the_environment_are_looked_for() -> None:
    assert look(doctor.keys)["hash key"].state == "warning"
    assert look(doctor.keys, environment={"HEADGATE_HASH_KEY": "k"})["hash key"].state == "ok"
    bare = look(doctor.keys, upstream="https://api.openai.com/v1", record="-")
    assert bare["upstream key"].state == bare["audit key"].state == "warning"
    full = {"OPENAI_API_KEY": "sk-secret", "HEADGATE_AUDIT_KEY": "a"}
    found = look(doctor.keys, upstream="https://api.openai.com/v1", record="-", environment=full)
    assert "upstream key" not in found
    assert "sk-secret" not in repr(found)


def test_upstream_is_asked(upstream: Upstream) -> None:
    assert look(doctor.upstream, upstream=upstream.url)["upstream"].state == "ok"
    upstream.script = Reply()
    elsewhere = look(doctor.upstream, upstream=f"{upstream.url}/nothing")["upstream"]
    assert (elsewhere.state, "404" in elsewhere.found) == ("warning", True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        found = look(doctor.upstream, upstream=f"http://127.0.0.1:{closed.getsockname()[1]}")["upstream"]
    assert found.state == "failed"
    assert "cannot be reached" in found.found


def test_a_store_that_does_not_answer_fails() -> None:
    assert look(doctor.redis, redis="redis://127.0.0.1:9")["store"].state == "failed"
    assert look(doctor.redis, workers=2)["store"].state == "warning"
    assert look(doctor.redis) == {}


def test_a_port_in_use_is_a_warning() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert look(doctor.limits, port=port)["port"].state == "warning"
    assert look(doctor.limits, port=port)["port"].state == "ok"


def test_upstreams_with_names_are_each_asked() -> None:
    upstreams = {
        "dead": UpstreamSettings(url="http://127.0.0.1:9", key="sk-secret"),
        "azure": UpstreamSettings(url="http://127.0.0.1:9", kind="azure"),
    }
    routes = (RouteSettings(model="*", upstream="dead"),)
    found = look(doctor.upstream, upstream="", upstreams=upstreams, routes=routes)
    assert {name: check.state for name, check in found.items()} == {"upstream dead": "failed", "upstream azure": "ok"}
    assert "sk-secret" not in repr(found)


def test_a_model_server_is_asked_whether_it_serves_the_model(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    folder = write_manifest(tmp_path, ["fine", "rude"], pixels=Pixels(height=2, width=2, mean=HALVES, std=HALVES))
    with serving(lambda feeds: feeds["pixel_values"], name=folder.name, inputs=()) as server:
        path = tmp_path.parent / f"{tmp_path.name}.yaml"
        labels = "{fine: none, rude: insult}"
        path.write_text(f"models: [{{use: '{folder}', url: '{server.url}', labels: {labels}}}]")
        assert look(doctor.models, model=str(path))["models"].state == "ok"
        server.ready = False
        told = look(doctor.models, model=str(path))["models"]
        assert (told.state, "503" in told.found) == ("failed", True)
    assert look(doctor.models, model=str(path))["models"].state == "failed"


def test_a_policy_that_is_not_there_is_told_with_what_is() -> None:
    found = look(doctor.policy, policy="no-such")["policy"]
    assert found.found == "no pack and no file is called 'no-such'"
    assert found.remedy


@contextmanager
def wanting(header: str, value: str) -> Iterator[str]:
    """A server that knows one key, in one header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers.get(header) == value else 401)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


@pytest.mark.parametrize(("header", "value"), [("authorization", "Bearer right"), ("x-api-key", "right")])
def test_a_key_that_upstream_does_not_know_fails_and_none_is_a_warning(header: str, value: str) -> None:
    with wanting(header, value) as url:
        assert look(doctor.upstream, upstream=url, upstream_key="right")["upstream"].state == "ok"
        wrong = look(doctor.upstream, upstream=url, upstream_key="sk-wrong")["upstream"]
        none = look(doctor.upstream, upstream=url)["upstream"]
    assert (wrong.state, "does not know this key" in wrong.found) == ("failed", True)
    assert "sk-wrong" not in repr(wrong)
    assert (none.state, "wants a key" in none.found) == ("warning", True)


def test_a_kind_gets_its_key_where_it_looks_for_it() -> None:
    with wanting("x-api-key", "right") as url:
        found = look(doctor.upstream, upstream=url, upstream_kind="anthropic", upstream_key="right")
    assert found["upstream"].state == "ok"


def test_a_collector_that_does_not_answer_is_a_warning(upstream: Upstream) -> None:
    assert look(doctor.collector) == {}
    assert look(doctor.collector, otlp_endpoint="http://127.0.0.1:9")["collector"].state == "warning"
    assert look(doctor.collector, otlp_endpoint=upstream.url.removesuffix("/v1"))["collector"].state == "ok"
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert look(doctor.collector, environment=named)["collector"].state == "warning"


def test_a_collectors_password_is_not_shown(upstream: Upstream) -> None:
    there = upstream.url.removesuffix("/v1")
    for url in ("http://127.0.0.1:9", there):
        secret = url.replace("http://", "http://user:sk-secret@") + "/sk-path"
        found = look(doctor.collector, otlp_endpoint=secret)["collector"]
        assert found.found.startswith(f"{url} ")
        assert "sk-" not in repr(found)
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:sk-secret@127.0.0.1:port"}
    assert "sk-" not in repr(look(doctor.collector, environment=named))


@pytest.mark.skipif(BINARY is None, reason="needs redis-server: sh scripts/ensure-redis.sh")
def test_a_store_is_asked_for_its_password_and_what_it_does_when_it_is_full() -> None:
    with redis_server() as server:
        assert look(doctor.redis, redis=server.url)["store"].state == "ok"
        server.client.config_set("maxmemory", 10**8)
        server.client.config_set("maxmemory-policy", "allkeys-lru")
        assert look(doctor.redis, redis=server.url)["store"].state == "warning"
        server.client.config_set("requirepass", "right")
        wrong = look(doctor.redis, redis=server.url.replace("unix://", "unix://:sk-secret@"))["store"]
    assert wrong.state == "failed"
    assert "sk-secret" not in repr(wrong)
