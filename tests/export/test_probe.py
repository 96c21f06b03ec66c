from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headgate.export import probe
from headgate.models.content import Role, Text
from headgate.models.errors import ConfigError


def test_rows_of_a_file_become_parts_in_their_roles(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(
        '{"prompt": "How?", "purpose": "t2v"}\n\n{"prompt": "How?", "response": "So."}\n{"text": "A post."}\n'
        '{"prompt": "", "other": 1}\n'
    )
    found = probe.rows(path)
    assert probe.texts(found) == ["How?", "How?\nSo.", "A post."]
    parts = [part for part in probe.parts(found) if isinstance(part, Text)]
    assert [part.role for part in parts] == [Role.USER, Role.ASSISTANT, Role.DOCUMENT]
    assert (parts[0].purpose, parts[1].context) == ("t2v", "How?")
    assert len({part.path for part in parts}) == 3


@pytest.mark.parametrize("line", ["{", "[]", '{"prompt": 3}'])
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "fine"}\n' + line)
    with pytest.raises(ConfigError, match=r"rows\.jsonl:2"):
        probe.rows(path)


def test_without_a_file_rows_are_the_same_each_time_and_of_all_lengths() -> None:
    found = probe.rows(count=12)
    assert found == probe.rows(count=12)
    assert len(found) >= 12
    lengths = sorted(map(len, probe.texts(found)))
    assert lengths[0] < 10
    assert lengths[-1] > 400


def test_pictures_fill_the_range_of_an_image_and_differ() -> None:
    found = probe.pictures(4, height=30, width=44)
    assert (found.shape, found.dtype) == ((4, 3, 30, 44), np.float32)
    assert np.abs(found).max() <= 1
    assert found.std(axis=(1, 2, 3)).min() > 0.1
    assert not np.allclose(found[0], found[1])
