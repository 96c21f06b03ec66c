import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.assessment import Unjudged
from headgate.models.vision.data_url import decoded, is_data


@given(st.binary(max_size=200))
def test_what_was_encoded_comes_back(data: bytes) -> None:
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    assert decoded(url, limit=200) == data
    assert decoded("data:;base64," + base64.urlsafe_b64encode(data).decode().rstrip("="), limit=200) == data


def test_percent_encoding_and_scheme_in_capitals_are_read() -> None:
    assert decoded("DATA:,a%20b", limit=10) == b"a b"
    assert is_data("Data:x")
    assert not is_data("https://example.org")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("data:image/png;base64,%%%", "not_decodable"),
        ("data:image/png;base64", "not_decodable"),
        ("data:image/png;base64," + "A" * 40, "too_large"),
        ("data:," + "A" * 4000, "too_large"),
    ],
)
def test_what_cannot_be_had_is_unjudged_with_a_reason(url: str, reason: str) -> None:
    found = decoded(url, limit=20)
    assert isinstance(found, Unjudged)
    assert found.reason == reason
