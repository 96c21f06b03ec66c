from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import msgspec
import pytest

from headgate.gateway.config import Settings
from headgate.gateway.origin import Origin
from headgate.gateway.serve import JOB_VARIABLE, Job, application, serve, worker
from headgate.models.errors import ConfigError

from ..upstream import Upstream


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _metrics(url: str) -> str:
    page: bytes = urllib.request.urlopen(f"{url}/metrics").read()
    return page.decode()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_command_serves_until_it_is_told_to_stop(upstream: Upstream, workers: int) -> None:
    port = free_port()
    command = [sys.executable, "-m", "headgate.gateway.cli", "serve", "--port", str(port), "--upstream", upstream.url]
    process = subprocess.Popen([*command, "--policy", "off", "--workers", str(workers)], stderr=subprocess.PIPE)
    try:
        body = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = json.load(urllib.request.urlopen(f"{url}/v1/chat/completions", body))
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert answer["choices"][0]["message"]["content"] == "Fine."
        # The request is counted after its answer has left, and another worker may tell of it.
        while 'headgate_requests_total{result="off",shape="json"} 1.0' not in _metrics(url):
            assert time.monotonic() < deadline
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert b"with the policy off" in said
    assert b"Traceback" not in said


def test_a_worker_reads_the_settings_that_were_left_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(settings=Settings(upstream="http://x", policy="off"), origin=Origin(flags={"upstream": "http://x"}))
    monkeypatch.setitem(os.environ, JOB_VARIABLE, msgspec.json.encode(job).decode())
    assert worker().routes


def test_what_every_worker_would_fail_at_stops_the_start() -> None:
    settings = Settings(upstream="http://x", policy="no-such-policy", workers=2)
    with pytest.raises(ConfigError, match="no-such-policy"):
        serve(settings)


SELDOM = {
    "redis",
    "httpx",
    "rich",
    "jinja2",
    "opentelemetry.sdk",
    "opentelemetry.exporter",
    "PIL",
    "cv2",
    "av",
    "torch",
}
"""What a gateway of flags alone needs later, if ever."""
MODELS = {"numpy", "onnxruntime", "tokenizers", "headgate.models.text", "headgate.models.run_onnx"}


def _loaded_by(code: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(told.stdout.split())


def _started(policy: str) -> set[str]:
    """What is imported when an application is about to be served."""
    return _loaded_by(
        "import headgate.__main__\n"
        "from headgate.gateway.origin import Origin, settings_of\n"
        "from headgate.gateway.serve import application\n"
        f"origin = Origin(flags={{'upstream': 'http://x', 'policy': {policy!r}}})\n"
        "application(settings_of(origin), origin)"
    )


def test_a_gateway_whose_guard_is_off_imports_nothing_of_models() -> None:
    assert not _started("off") & {*MODELS, *SELDOM, "headgate.gateway.settings_file"}


def test_a_gateway_imports_what_its_first_request_needs() -> None:
    found = _started("default")
    assert found >= {*MODELS, "aiohttp"}
    assert not found & {*SELDOM, "headgate.gateway.settings_file", "rapidocr"}


def test_models_are_loaded_before_what_serves_is_imported() -> None:
    assert not _loaded_by("import headgate.gateway.serve") & {"headgate.gateway.app", "litestar", "aiohttp", "numpy"}


def test_an_application_is_served_with_the_collector_at_rest() -> None:
    code = (
        "import gc\nfrom headgate.gateway.config import Settings\nfrom headgate.gateway.origin import Origin\n"
        "from headgate.gateway.serve import application\n"
        "application(Settings(upstream='http://x', policy='off'), Origin())\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 1000"
    )
    assert _loaded_by(code)


def test_a_fault_of_the_models_stops_the_start() -> None:
    with pytest.raises(ConfigError, match="no-such-policy"):
        application(Settings(upstream="http://x", policy="no-such-policy"), Origin())
    assert gc.isenabled()
