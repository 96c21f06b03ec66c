from __future__ import annotations

from pathlib import Path

from headgate.guard.filter.formats.pieces import concatenate, settle


def test_pieces_follow_each_other_between_head_and_tail(tmp_path: Path) -> None:
    pieces = [tmp_path / name for name in "ab"]
    for piece in pieces:
        piece.write_bytes(piece.name.encode() * 3)
    target = tmp_path / "whole"
    target.write_bytes(b"old")
    concatenate(pieces, target, head=b"<", tail=b">")
    assert target.read_bytes() == b"<aaabbb>"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "whole"]


def test_what_is_settled_can_be_read(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.write(b"1")
        settle(file)
        assert (tmp_path / "x").read_bytes() == b"1"
