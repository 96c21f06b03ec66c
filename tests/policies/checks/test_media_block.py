import pytest

from headgate.policies import parse_policy
from headgate.policies.diagnostics import PolicyError

POLICY = "version: 1\nextends: base\nmedia: {fetch: https, hosts: [%s], seconds: %s}\n"


def test_a_sound_block_is_taken_over() -> None:
    media = parse_policy(POLICY % ('images.example.org, "*.example.net"', 3)).media
    assert (media.fetch, media.hosts, media.seconds) == ("https", ("images.example.org", "*.example.net"), 3)
    assert parse_policy("version: 1\nextends: base\n").media.fetch == "none"


@pytest.mark.parametrize(
    ("hosts", "seconds", "said"),
    [('"https://example.org"', 3, "is no host's name"), ("example.org", 900, "media.seconds is 900")],
)
def test_hosts_that_are_none_and_bounds_out_of_range_are_told_at_their_line(
    hosts: str, seconds: int, said: str
) -> None:
    with pytest.raises(PolicyError) as failure:
        parse_policy(POLICY % (hosts, seconds))
    (fault,) = failure.value.diagnostics
    assert said in fault.message
    assert fault.line == 3
