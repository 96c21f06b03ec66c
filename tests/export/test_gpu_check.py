from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from headgate.export.gpu_check import SHAPES, Way, sample, table, timed
from headgate.models.backends import Machine, machine
from headgate.models.exported import Parity

PARITY = Parity(against="x", seen="engine", rows=102, worst=0.0213, mean=0.001, flips=1, policy="default")


class Still:
    """A runtime that answers at once."""

    joins = True
    local = True
    callers = 1

    def run(self, input_ids: object, type_ids: object) -> np.ndarray:
        raise NotImplementedError

    def feed(self, feeds: dict[str, np.ndarray], *, rows: int) -> np.ndarray:
        return np.zeros((rows, 1), dtype=np.float32)


@pytest.mark.skipif(machine().cuda, reason="there is a GPU")
def test_without_a_gpu_it_says_so_and_does_not_pass() -> None:
    found = subprocess.run([sys.executable, "-m", "headgate.export.gpu_check"], capture_output=True, text=True)
    assert found.returncode == 3
    assert "there is no GPU here" in found.stderr
    assert found.stdout == ""


def test_every_way_is_a_line_with_parity_and_rates_or_the_reason() -> None:
    ways = [Way("fast", Still(), PARITY), Way("broken", None, why="no kernel")]
    text = table(ways, host=Machine(gpu="H200", capability="9.0"), medians=[[10.0] * len(SHAPES)] * 2)
    assert "H200 (compute capability 9.0)" in text
    assert "| fast | 0.0213 | 1 of 102 | 100 | 100 | 800 | 3,200 | 3,200 |" in text
    assert "| broken | no kernel |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_a_way_that_cannot_run_has_no_time() -> None:
    found = timed([Way("fast", Still()), Way("broken", None)], rounds=1, shapes=((1, 16),))
    assert found[0][0] >= 0
    assert np.isnan(found[1][0])


def test_rows_have_the_length_that_is_timed() -> None:
    assert sample(3, 32)["input_ids"].shape == (3, 32)
    assert sample(3, 32)["attention_mask"].all()
