from __future__ import annotations

import pickle

import pytest

from headgate.guard.filter.formats.block import Block, Size
from headgate.guard.filter.formats.choose import open_format


def test_a_block_can_travel_to_another_process() -> None:
    block = Block(numbers=[1, 2], records=[b"a", b"b"], offset=2)
    assert pickle.loads(pickle.dumps(block)) == block


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tar"])
def test_every_format_ends_a_file_of_nothing_without_a_block(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("none") / name
    path.write_bytes(bytes(1024) if name.endswith(".tar") else b"")
    assert list(open_format(name).blocks(str(path), size=Size(3), wanted=None)) == []
