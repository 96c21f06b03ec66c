import pytest

pytest.importorskip("torch")

from headgate.models.train import machine


def test_this_machine_names_a_device_that_exists():
    import torch

    found = machine.this_machine()
    assert torch.zeros(1, device=found.device).sum() == 0


def test_freed_memory_can_be_kept_where_glibc_is_found():
    import platform

    assert machine.keep_freed_memory() is (platform.libc_ver()[0] == "glibc")


def test_the_cpu_is_named_with_what_multiplies_int8(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Abacus 9\nflags\t\t: fpu avx2 avx512_vnni\n", encoding="utf-8")
    assert machine.cpu_name(info) == "Abacus 9, AVX-512 VNNI"
    info.write_text("model name\t: Abacus 8\nflags\t\t: fpu avx2\n", encoding="utf-8")
    assert machine.cpu_name(info) == "Abacus 8, no VNNI"


def test_without_that_file_a_name_is_given_all_the_same(tmp_path):
    assert machine.cpu_name(tmp_path / "none") != ""
