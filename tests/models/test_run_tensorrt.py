"""What is decided before a GPU is touched: whether an engine fits, which profile, and what is proved first."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.backends import Machine
from headgate.models.errors import DigestMismatch, InferenceFailed, ModelUnavailable
from headgate.models.exported import Axes, Engine, Profile
from headgate.models.run_tensorrt import TensorRtRuntime, choose, misfit, proved

HERE = f"{platform.system()}-{platform.machine()}"
PROFILES = tuple(Profile(batch=batch, length=length) for length in (32, 128) for batch in (1, 8))
ENGINE = Engine(
    backend="tensorrt", version="11.4.0.106", capabilities=("8.9",), newer=False, platform=HERE, profiles=PROFILES
)
HOST = Machine(
    cuda=True, gpu="a GPU", capability="8.9", installed=("tensorrt",), versions={"tensorrt": "11.4.1.2"}
)  # fmt: skip


def engine(**changes: Any) -> Engine:
    return msgspec.structs.replace(ENGINE, **changes)


def host(**changes: Any) -> Machine:
    return msgspec.structs.replace(HOST, **changes)


def test_an_engine_runs_where_version_platform_and_gpu_are_its_own() -> None:
    assert misfit(ENGINE, HOST) is None


@pytest.mark.parametrize(
    ("made", "there", "reason"),
    [
        (engine(), host(installed=()), "not installed"),
        (engine(), host(versions={"tensorrt": "11.5.0"}), "11.5.0 is installed"),
        (engine(newer=True), host(versions={"tensorrt": "11.3.9"}), "11.3.9 is installed"),
        (engine(newer=True), host(versions={"tensorrt": "12.0.0"}), "12.0.0 is installed"),
        (engine(platform="Windows-AMD64"), host(), "Windows-AMD64"),
        (engine(), host(cuda=False), "no GPU"),
        (engine(), host(capability="9.0"), "compute capability 8.9"),
        (engine(newer=True), host(capability="7.5"), "and newer"),
    ],
)
def test_an_engine_that_does_not_fit_says_why(made: Engine, there: Machine, reason: str) -> None:
    found = misfit(made, there)
    assert found is not None
    assert reason in found


def test_a_compatible_engine_runs_on_later_versions_and_gpus() -> None:
    assert misfit(engine(newer=True), host(versions={"tensorrt": "11.9"}, capability="12.0")) is None


def test_loading_an_engine_that_does_not_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    axes = (Axes(name="input_ids", dtype="int64", shape=("batch", "sequence")),)
    with pytest.raises(ModelUnavailable, match="does not run here"):
        TensorRtRuntime(tmp_path / "none.plan", engine=engine(platform="elsewhere"), inputs=axes)


@given(rows=st.integers(1, 8), length=st.integers(1, 128))
def test_the_profile_chosen_fits_and_none_that_fits_is_smaller(rows: int, length: int) -> None:
    chosen = PROFILES[choose(PROFILES, rows=rows, length=length)]
    assert chosen.batch >= rows
    assert chosen.length >= length
    fits = [one for one in PROFILES if one.batch >= rows and one.length >= length]
    assert chosen.batch * chosen.length == min(one.batch * one.length for one in fits)


def test_a_row_that_no_profile_holds_is_a_failed_inference() -> None:
    with pytest.raises(InferenceFailed, match="largest profile, 8 rows of 128"):
        choose(PROFILES, rows=1, length=129)


class Doubles:
    """A runtime that answers with twice its input, and a little more."""

    def __init__(self, more: float = 0.0) -> None:
        self.more = more

    def feed(self, feeds: Mapping[str, Any], *, rows: int) -> np.ndarray:
        return feeds["x"][:rows] * 2.0 + self.more


def test_an_engine_is_held_to_the_logits_beside_it(tmp_path: Path) -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.savez(tmp_path / "probe.npz", **{"0/x": x, "0/logits": 2 * x, "1/x": x + 1, "1/logits": 2 * (x + 1)})  # type: ignore[arg-type]
    proved(Doubles(), tmp_path / "probe.npz", tolerance=0.01)
    with pytest.raises(DigestMismatch, match="differ"):
        proved(Doubles(0.5), tmp_path / "probe.npz", tolerance=0.01)


def test_an_engine_without_its_rows_is_not_trusted(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        proved(Doubles(), tmp_path / "probe.npz", tolerance=1.0)
