from __future__ import annotations

import sys

import pytest

from headgate.models import backends
from headgate.models.backends import Machine, machine, tensorrt_module
from headgate.models.errors import ModelUnavailable


def by_name() -> dict[str, backends.Runs]:
    return {one.name: one for one in backends.backends()}


def test_every_way_to_run_is_usable_or_says_why_not() -> None:
    found = by_name()
    assert {"onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt", "tensorrt_rtx", "kserve"} <= {*found}
    assert found["onnxruntime"].usable
    assert found["kserve"].usable
    assert all(one.usable is not bool(one.why) for one in found.values())


def test_without_onnxruntime_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "pip install 'headgate[cpu]'" in by_name()["onnxruntime"].why


def test_a_gpu_that_tensorrt_for_rtx_does_not_build_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    hopper = Machine(cuda=True, gpu="H100", capability="9.0", installed=("tensorrt_rtx",))
    monkeypatch.setattr(backends, "machine", lambda: hopper)
    assert "9.0 (H100)" in by_name()["tensorrt_rtx"].why
    assert "not installed" in by_name()["tensorrt"].why


def test_a_machine_without_a_gpu_runs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "machine", lambda: Machine(installed=("tensorrt", "tensorrt_rtx")))
    found = by_name()
    assert "no GPU" in found["tensorrt"].why
    assert "builds engines here" in found["tensorrt_rtx"].why


def test_all_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "machine", Machine)
    why = by_name()["tensorrt"].why
    assert "no GPU" in why
    assert "pip install tensorrt" in why
    assert "no GPU" in by_name()["onnxruntime-cuda"].why


def test_a_tensorrt_that_is_not_there_is_unavailable_with_its_pip_line() -> None:
    if "tensorrt" in machine().installed:
        assert tensorrt_module("tensorrt").__version__
    else:
        with pytest.raises(ModelUnavailable, match="pip install tensorrt"):
            tensorrt_module("tensorrt")
