import pytest

from headgate.models.errors import Unparsable
from headgate.models.guards.json_reply import first_object


@pytest.mark.parametrize(
    "reply", ['{"a": 1}', ' \n{"a": 1}\n', '```json\n{"a": 1}\n```', 'Here it is: {"a": 1} and {"b": 2}']
)
def test_the_first_object_is_found_whatever_stands_around_it(reply: str):
    assert first_object(reply) == {"a": 1}


@pytest.mark.parametrize("reply", ["", "safe", "[1]", '{"a": 1', "{a: 1}", "{" * 100_000])
def test_no_whole_object_is_no_answer(reply: str):
    with pytest.raises(Unparsable):
        first_object(reply)
