import pytest

from headgate.guard.effects import Channel


@pytest.mark.parametrize(
    ("channel", "path"),
    [
        (Channel(), "response[0].content"),
        (Channel(2, "reasoning"), "response[2].reasoning"),
        (Channel(0, "refusal"), "response[0].refusal"),
        (Channel(1, "tool_call", 3), "response[1].tool_calls[3].arguments"),
    ],
)
def test_a_channel_knows_its_path_in_the_verdict(channel: Channel, path: str) -> None:
    assert channel.path == path
