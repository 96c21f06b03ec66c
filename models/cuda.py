"""One caller's place on a GPU: execution contexts, a stream, pinned host buffers and device buffers."""

from __future__ import annotations

import ctypes
from typing import Any

import msgspec
import numpy as np

from .errors import InferenceFailed, ModelUnavailable
from .feeds import Feeds, Logits


class Buffer(msgspec.Struct):
    """Pinned host memory and device memory of the same size, as addresses."""

    bytes: int
    host: int
    device: int


class Lane:
    """Copies in, runs and copies out on a stream of its own; for one thread at a time."""

    def __init__(self, engine: Any, *, trt: Any, profiles: int) -> None:
        try:
            # Compiled, without stubs.
            from cuda.bindings import runtime  # pyright: ignore[reportAttributeAccessIssue]
        except ImportError as error:
            raise ModelUnavailable("cuda-python is not installed: pip install cuda-bindings") from error
        self._cuda = runtime
        self._engine = engine
        self._trt = trt
        self._stream = self._asked(runtime.cudaStreamCreateWithFlags(runtime.cudaStreamNonBlocking))
        self._contexts = [self._context(profile) for profile in range(profiles)]
        self._buffers: dict[str, Buffer] = {}

    def run(self, feeds: Feeds, *, profile: int) -> Logits:
        """The engine's logits of arrays that fit a profile; InferenceFailed where CUDA or TensorRT fails."""
        context = self._contexts[profile]
        for name, array in feeds.items():
            buffer = self._buffer(name, array.nbytes)
            ctypes.memmove(buffer.host, array.ctypes.data, array.nbytes)
            self._copy(buffer.device, buffer.host, array.nbytes, "cudaMemcpyHostToDevice")
            context.set_input_shape(name, tuple(array.shape))
            context.set_tensor_address(name, buffer.device)
        shape = tuple(context.get_tensor_shape("logits"))
        out = np.empty(shape, dtype=np.float32)
        buffer = self._buffer("logits", out.nbytes)
        context.set_tensor_address("logits", buffer.device)
        if not context.execute_async_v3(int(self._stream)):
            raise InferenceFailed("TensorRT could not run the engine")
        self._copy(buffer.host, buffer.device, out.nbytes, "cudaMemcpyDeviceToHost")
        self._asked(self._cuda.cudaStreamSynchronize(self._stream))
        ctypes.memmove(out.ctypes.data, buffer.host, out.nbytes)
        return out

    def _context(self, profile: int) -> Any:
        # A context of its own for each profile, with no more memory than that profile's shapes need.
        strategy = self._trt.ExecutionContextAllocationStrategy.ON_PROFILE_CHANGE
        context = self._engine.create_execution_context(strategy)
        if context is None:
            raise ModelUnavailable("TensorRT has no memory left for an execution context")
        if not context.set_optimization_profile_async(profile, int(self._stream)):
            raise ModelUnavailable(f"the engine has no profile {profile}")
        self._asked(self._cuda.cudaStreamSynchronize(self._stream))
        return context

    def _buffer(self, name: str, size: int) -> Buffer:
        held = self._buffers.get(name)
        if held is None or held.bytes < size:
            if held is not None:
                self._asked(self._cuda.cudaFreeHost(held.host))
                self._asked(self._cuda.cudaFree(held.device))
            room = 1 << max(12, (size - 1).bit_length())
            host, device = self._asked(self._cuda.cudaMallocHost(room)), self._asked(self._cuda.cudaMalloc(room))
            held = self._buffers[name] = Buffer(room, int(host), int(device))
        return held

    def _copy(self, to: int, source: int, size: int, kind: str) -> None:
        way = getattr(self._cuda.cudaMemcpyKind, kind)
        self._asked(self._cuda.cudaMemcpyAsync(to, source, size, way, self._stream))

    def _asked(self, answer: tuple[Any, ...]) -> Any:
        # cuda-python answers with the error first; the one door for CUDA's own.
        code, *values = answer
        if int(code):
            raise InferenceFailed(f"CUDA: {code.name if hasattr(code, 'name') else code}")
        return values[0] if values else None
