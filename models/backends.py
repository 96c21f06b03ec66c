"""What this machine can run models with, and why not the rest: looked up, never assumed, and loaded late."""

from __future__ import annotations

import ctypes
import functools
import importlib
import importlib.metadata
import importlib.util
from typing import Any, Final, Literal, TypeAlias

import msgspec

from .errors import ModelUnavailable

TrtBackend: TypeAlias = Literal["tensorrt", "tensorrt_rtx"]

COMPUTE: Final = ("8.0", "8.6", "8.9", "12.0")
"""Compute capabilities that engines of TensorRT for RTX are built for; it has no 9.0, so Hopper needs TensorRT."""

_MODULES: Final[dict[TrtBackend, tuple[str, ...]]] = {
    "tensorrt": ("tensorrt",),
    "tensorrt_rtx": ("tensorrt_rtx", "tensorrt_rtx_bindings"),
}
_PIP: Final[dict[TrtBackend, str]] = {
    "tensorrt": "pip install tensorrt",
    "tensorrt_rtx": "pip install tensorrt-rtx-cu13-libs tensorrt-rtx-cu13-bindings",
}
_NO_GPU: Final = "no GPU, or no driver for it"
# cuda.h: CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR.
_MAJOR, _MINOR = 75, 76


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The first GPU and the engines' runtimes: `capability` is "8.9" and the like, empty without a GPU."""

    cuda: bool = False
    gpu: str = ""
    capability: str = ""
    installed: tuple[TrtBackend, ...] = ()
    versions: dict[str, str] = {}


class Runs(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run a model: usable here, or `why` not and what to do about it."""

    name: str
    usable: bool
    version: str = ""
    why: str = ""


@functools.cache
def machine() -> Machine:
    """This machine, looked at once in a process."""
    gpu = _gpu()
    installed: tuple[TrtBackend, ...] = tuple(name for name in _MODULES if _module(name))
    found: dict[str, str] = {name: _version(name) for name in installed}
    if gpu is None:
        return Machine(installed=installed, versions=found)
    return Machine(cuda=True, gpu=gpu.gpu, capability=gpu.capability, installed=installed, versions=found)


def backends() -> list[Runs]:
    """Every way to run a model, usable or not."""
    host = machine()
    return [*_onnxruntime(host), *(_tensorrt(name, host) for name in _MODULES), Runs(name="kserve", usable=True)]


def tensorrt_module(name: TrtBackend) -> Any:
    """The Python module of a TensorRT; ModelUnavailable with the line that installs it."""
    module = _module(name)
    if not module:
        raise ModelUnavailable(f"{name} is not installed: {_PIP[name]}")
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:
        raise ModelUnavailable(f"{name} is installed and cannot be loaded: {error}") from error


def _module(name: TrtBackend) -> str:
    return next((module for module in _MODULES[name] if importlib.util.find_spec(module)), "")


def _version(name: TrtBackend) -> str:
    packages = ("tensorrt",) if name == "tensorrt" else ("tensorrt-rtx", "tensorrt-rtx-cu13-bindings")
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def _gpu() -> Machine | None:
    # The driver's own library: no Python package has to be there to ask whether there is a GPU.
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    count = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        return None
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name = ctypes.create_string_buffer(128)
    failed = driver.cuDeviceGet(ctypes.byref(device), 0) or driver.cuDeviceGetName(name, len(name), device)
    failed = failed or driver.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, device)
    failed = failed or driver.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, device)
    return None if failed else Machine(gpu=name.value.decode(), capability=f"{major.value}.{minor.value}")


def _onnxruntime(host: Machine) -> list[Runs]:
    try:
        import onnxruntime
    except ImportError:
        why = "onnxruntime is not installed: pip install 'headgate[cpu]', or [gpu]"
        return [Runs(name="onnxruntime", usable=False, why=why)]
    version, there = str(onnxruntime.__version__), onnxruntime.get_available_providers()
    found = [Runs(name="onnxruntime", usable=True, version=version)]
    for name, provider in (("onnxruntime-cuda", "CUDA"), ("onnxruntime-tensorrt", "Tensorrt")):
        lacks = [] if host.cuda else [_NO_GPU]
        if f"{provider}ExecutionProvider" not in there:
            lacks.append(f"this onnxruntime has no {provider} provider: pip install 'headgate[gpu]' in place of [cpu]")
        found.append(Runs(name=name, usable=not lacks, version=version, why="; ".join(lacks)))
    return found


def _tensorrt(name: TrtBackend, host: Machine) -> Runs:
    """All that is missing at once, so that nobody installs one thing only to hear of the next."""
    here = name in host.installed
    lacks = [] if host.cuda else [_NO_GPU]
    if not here:
        lacks.append(f"not installed: {_PIP[name]}")
    elif not host.cuda and name == "tensorrt_rtx":
        lacks.append("it builds engines here, and runs none")
    if host.cuda and name == "tensorrt_rtx" and host.capability not in COMPUTE:
        lacks.append(f"compute capability {host.capability} ({host.gpu}) is none of {', '.join(COMPUTE)}; use tensorrt")
    if not importlib.util.find_spec("cuda"):
        lacks.append("cuda-python is not installed: pip install cuda-bindings")
    return Runs(name=name, usable=not lacks, version=host.versions.get(name, ""), why="; ".join(lacks))
