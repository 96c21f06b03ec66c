from __future__ import annotations

import pytest

from headgate.export.spec import PRECISIONS, SPECS, TOLERANCES, spec_of
from headgate.models.errors import ConfigError

from .checkpoints import EVERY


def test_every_architecture_that_is_declared_is_tested() -> None:
    assert {*SPECS} == {*EVERY} - {"beaver"}


def test_an_architecture_that_is_not_declared_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"'mamba'.*bert, .*vit"):
        spec_of("mamba")


@pytest.mark.parametrize("name", SPECS)
def test_free_axes_are_batch_and_sequence_alone(name: str) -> None:
    for axes in spec_of(name).axes(32, 48):
        free = [size for size in axes.shape if isinstance(size, str)]
        assert free == (["batch"] if spec_of(name).modality == "image" else ["batch", "sequence"])


def test_every_precision_has_a_tolerance_and_float32_flips_nothing() -> None:
    assert {*TOLERANCES} == {*PRECISIONS}
    assert all(spec.tolerance("fp32").flips == 0 for spec in SPECS.values())
