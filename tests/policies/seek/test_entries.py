from __future__ import annotations

import pytest

from headgate.policies.seek.entries import digest_of, entries_of


def test_lines_are_entries_but_for_blank_ones_and_remarks() -> None:
    assert entries_of("\ufeff# ours\n Acme \n\nテスト\n".encode()) == ("Acme", "テスト")
    with pytest.raises(UnicodeDecodeError):
        entries_of(b"\xff")


def test_a_digest_names_the_contents() -> None:
    assert digest_of(b"a") == digest_of(b"a") != digest_of(b"b")
