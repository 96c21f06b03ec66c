from __future__ import annotations

import subprocess
import sys

import pytest

from headgate.gateway.app import create_app
from headgate.gateway.config import Settings
from headgate.models.errors import HeadgateError


def test_a_policy_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(HeadgateError):
        create_app(Settings(upstream="http://x", policy="no-such-policy"))


def test_the_gateway_needs_no_training_framework() -> None:
    code = (
        "import sys, headgate.gateway.app, headgate.gateway.serve;"
        "print([m for m in ('torch', 'transformers', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
