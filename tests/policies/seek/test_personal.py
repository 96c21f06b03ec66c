from __future__ import annotations

import pytest

from headgate.policies.blocks import PiiKind
from headgate.policies.seek.personal import found


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("email", "Write to bob.smith+x@mail.example.org, please.", "bob.smith+x@mail.example.org"),
        ("phone", "Call +49 30 901820 today.", "+49 30 901820"),
        ("card", "My card is 4111 1111 1111 1111.", "4111 1111 1111 1111"),
        ("iban", "Pay to DE89 3704 0044 0532 0130 00 by noon.", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432", "GB82WEST12345698765432"),
        ("ip", "It runs at 192.168.10.7 and", "192.168.10.7"),
        ("ip", "ping 2001:db8::8a2e:370:7334 now", "2001:db8::8a2e:370:7334"),
        ("ssn", "SSN 219-09-9999.", "219-09-9999"),
    ],
)
def test_it_finds_data_where_it_stands(kind: PiiKind, text: str, expected: str) -> None:
    ((start, end),) = found(text, kind)
    assert text[start:end] == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "a@b and @home"),
        ("phone", "In 1984 there were 12 of them."),
        ("card", "4111 1111 1111 1112 and 0000 0000 0000 0000"),
        ("iban", "DE89 3704 0044 0532 0130 01"),
        ("ip", "at 10:30:00, version 1.2.3, 999.1.1.1 and 1.2.3.4.5"),
        ("ssn", "000-12-3456 and 219-09-99990"),
    ],
)
def test_what_only_looks_like_it_is_let_be(kind: PiiKind, text: str) -> None:
    assert found(text, kind) == ()


def test_a_region_reads_its_own_numbers_without_a_prefix() -> None:
    assert found("Call 030 901820 today.", "phone", region="DE") == ((5, 15),)
