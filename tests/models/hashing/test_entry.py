import msgspec
import pytest

from headgate.models.hashing.entry import HashListEntry


def test_a_list_is_called_by_its_file_where_it_has_no_name() -> None:
    assert HashListEntry(file="/lists/known.txt", category="insult").label == "known"
    assert HashListEntry(file="/lists/known.txt", category="insult", name="ours").label == "ours"


@pytest.mark.parametrize("more", [{"distance": 32}, {"severity": "none"}, {"kind": "sound"}, {"words": "x"}])
def test_what_a_list_cannot_be_is_refused(more: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"file": "a", "category": "insult"} | more, HashListEntry)
