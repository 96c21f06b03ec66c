"""What this machine offers to training: a GPU, bfloat16 arithmetic, and memory that is kept between steps."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import msgspec
import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # parameter numbers of mallopt(3)


class Machine(msgspec.Struct, frozen=True):
    """The device that trains, and whether its matrices are multiplied in bfloat16 (weights stay float32)."""

    device: str
    bfloat16: bool


def this_machine() -> Machine:
    """A GPU if one is found; bfloat16 only where the hardware has it, since emulation is slower than float32."""
    if torch.cuda.is_available():
        return Machine("cuda", torch.cuda.is_bf16_supported())
    return Machine("cpu", bool(torch.cpu._is_avx512_bf16_supported()))


def keep_freed_memory() -> bool:
    """Tell glibc not to hand freed tensors back to the kernel: a fifth of a step went to page faults.

    Returns whether it was told; False without glibc.
    """
    try:
        tune = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(tune(_MMAP_THRESHOLD, 1 << 30) and tune(_TRIM_THRESHOLD, (1 << 31) - 1))


def cpu_name(info: Path = Path("/proc/cpuinfo")) -> str:
    """The CPU's name and what it multiplies int8 with, as far as the system tells."""
    try:
        held = info.read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    pairs = (line.partition(":") for line in held.splitlines())
    fields = {name.strip(): value.strip() for name, _, value in pairs}
    flags = fields.get("flags", "").split()
    wide = "AVX-512 VNNI" if "avx512_vnni" in flags else "AVX-VNNI" if "avx_vnni" in flags else "no VNNI"
    return f"{fields.get('model name', platform.machine())}, {wide}"
