"""A lane over a CUDA and an engine that keep their memory in the host's: order of calls, buffers, and failures."""

from __future__ import annotations

import ctypes
import sys
import types
from enum import IntEnum
from typing import Any

import numpy as np
import pytest

from headgate.models.errors import InferenceFailed, ModelUnavailable


class Code(IntEnum):
    SUCCESS = 0
    OUT_OF_MEMORY = 2


class HostCuda(types.ModuleType):
    """The calls that a lane makes, over ordinary memory."""

    cudaStreamNonBlocking = 1

    class cudaMemcpyKind(IntEnum):
        cudaMemcpyHostToDevice = 1
        cudaMemcpyDeviceToHost = 2

    def __init__(self) -> None:
        super().__init__("cuda.bindings.runtime")
        self.held: dict[int, Any] = {}
        self.calls: list[str] = []
        self.code = Code.SUCCESS

    def _room(self, size: int) -> tuple[Code, int]:
        room = ctypes.create_string_buffer(size)
        self.held[ctypes.addressof(room)] = room
        return self.code, ctypes.addressof(room)

    cudaMalloc = cudaMallocHost = _room

    def _free(self, address: int) -> tuple[Code]:
        del self.held[address]
        return (self.code,)

    cudaFree = cudaFreeHost = _free

    def cudaStreamCreateWithFlags(self, flags: int) -> tuple[Code, int]:
        return self.code, 5

    def cudaStreamSynchronize(self, stream: int) -> tuple[Code]:
        self.calls.append("wait")
        return (self.code,)

    def cudaMemcpyAsync(self, to: int, source: int, size: int, kind: int, stream: int) -> tuple[Code]:
        self.calls.append("in" if kind == 1 else "out")
        ctypes.memmove(to, source, size)
        return (self.code,)


class Context:
    """Answers with the sum and the count of each row's ids."""

    def __init__(self, cuda: HostCuda) -> None:
        self.cuda, self.shapes, self.places = cuda, {}, {}
        self.works = True

    def set_optimization_profile_async(self, profile: int, stream: int) -> bool:
        self.profile = profile
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> None:
        self.shapes[name] = shape

    def set_tensor_address(self, name: str, place: int) -> None:
        self.places[name] = place

    def get_tensor_shape(self, name: str) -> tuple[int, int]:
        return (self.shapes["ids"][0], 2)

    def execute_async_v3(self, stream: int) -> bool:
        rows, length = self.shapes["ids"]
        ids = np.ctypeslib.as_array((ctypes.c_int64 * (rows * length)).from_address(self.places["ids"]))
        ids = ids.reshape(rows, length)
        found = np.stack([ids.sum(1), np.full(rows, self.profile)], axis=1).astype(np.float32)
        ctypes.memmove(self.places["logits"], found.ctypes.data, found.nbytes)
        self.cuda.calls.append("run")
        return self.works


class Engine:
    def __init__(self, cuda: HostCuda) -> None:
        self.cuda, self.contexts = cuda, []

    def create_execution_context(self, strategy: str) -> Context:
        assert strategy == "profile"
        self.contexts.append(Context(self.cuda))
        return self.contexts[-1]


TRT = types.SimpleNamespace(
    ExecutionContextAllocationStrategy=types.SimpleNamespace(ON_PROFILE_CHANGE="profile")
)  # fmt: skip


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> HostCuda:
    made = HostCuda()
    bindings = types.ModuleType("cuda.bindings")
    bindings.runtime = made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cuda.bindings", bindings)
    return made


def test_arrays_go_in_run_and_come_out_in_one_stream(cuda: HostCuda) -> None:
    from headgate.models.cuda import Lane

    lane = Lane(Engine(cuda), trt=TRT, profiles=2)
    cuda.calls.clear()
    assert lane.run({"ids": np.array([[1, 2], [3, 4]])}, profile=1).tolist() == [[3, 1], [7, 1]]
    assert cuda.calls == ["in", "run", "out", "wait"]


def test_buffers_grow_with_the_largest_batch_and_are_kept(cuda: HostCuda) -> None:
    from headgate.models.cuda import Lane

    lane = Lane(Engine(cuda), trt=TRT, profiles=1)
    for rows in (1, 900, 2, 900):
        found = lane.run({"ids": np.ones((rows, 8), dtype=np.int64)}, profile=0)
        assert found[:, 0].tolist() == [8.0] * rows
    assert len(cuda.held) == 4


def test_what_cuda_or_the_engine_says_no_to_is_a_failed_inference(cuda: HostCuda) -> None:
    from headgate.models.cuda import Lane

    engine = Engine(cuda)
    lane = Lane(engine, trt=TRT, profiles=1)
    engine.contexts[0].works = False
    with pytest.raises(InferenceFailed, match="could not run"):
        lane.run({"ids": np.ones((1, 2), dtype=np.int64)}, profile=0)
    cuda.code = Code.OUT_OF_MEMORY
    with pytest.raises(InferenceFailed, match="OUT_OF_MEMORY"):
        lane.run({"ids": np.ones((1, 2), dtype=np.int64)}, profile=0)


def test_without_cuda_python_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from headgate.models.cuda import Lane

    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(ModelUnavailable, match="pip install cuda-bindings"):
        Lane(None, trt=TRT, profiles=1)
