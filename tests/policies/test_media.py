import msgspec
import pytest

from headgate.policies.media import MediaBlock


def test_nothing_is_fetched_unless_a_policy_says_so() -> None:
    assert MediaBlock().fetch == "none"


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"fetch": "https", "host": "example.org"}, MediaBlock)
