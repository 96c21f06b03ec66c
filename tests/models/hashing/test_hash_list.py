from pathlib import Path

import pytest

from headgate.models.errors import ConfigError
from headgate.models.hashing.entry import HashListEntry
from headgate.models.hashing.hash_list import read
from headgate.models.hashing.pdq import hex_of

ONE, TWO = "0f" * 32, "a5" * 32


def listed(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "list.txt"
    path.write_text(text)
    return [hex_of(words) for words in read(HashListEntry(file=str(path), category="child_safety"))]


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}\n\n# a note\n{TWO.upper()}\n",
        f"FilePath,Hash\na.jpg,{ONE}\nb.jpg,{TWO}\n",
        f"0,100,{ONE},0.000\n1,30,{'11' * 32},0.033\n2,100,{TWO},0.067\n",
        f'{{"data": [{{"indicator": "{ONE}", "type": "HASH_PDQ"}}, {{"indicator": "{TWO}"}}], "next": "x"}}',
        f'{{"hash": "{ONE}"}}\n{{"signal_value": "{TWO}", "tags": ["a"]}}\n',
        f"pdq {ONE} 'ours' POSITIVE_CLASS\nvideo_md5 {'ab' * 16} 'ours' x\npdq {TWO} 'ours' x\n",
        f"signal_type,signal_str,collab,category,tags\npdq,{ONE},ours,POSITIVE_CLASS,a b\npdq,{TWO},ours,x,\n",
        f'["{ONE}", "{TWO}"]',
        f'{{"name": "ours", "hashes": ["{ONE}", "{TWO}"]}}',
        f'{{"PDQ": "{ONE}"}}\n{{"pdq_hash": "{TWO}", "sha256": "{"11" * 32}"}}\n',
    ],
    ids=[
        *("plain", "csv", "vpdq", "exchange", "lines of json", "threatexchange dataset", "the same with --csv"),
        *("bare list", "list under a name", "other spellings"),
    ],
)
def test_every_form_of_list_is_read(tmp_path: Path, text: str) -> None:
    assert listed(tmp_path, text) == [ONE, TWO]


def test_a_line_without_a_hash_is_told_with_its_number(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"list\.txt:2: no PDQ hash"):
        listed(tmp_path, f"{ONE}\nnonsense\n")


def test_a_hash_that_is_cut_short_is_no_header(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"list\.txt:1: no PDQ hash"):
        listed(tmp_path, f"{ONE[:63]}\n")


@pytest.mark.parametrize(
    "text",
    [
        f"video_md5 {'ab' * 16} 'ours' x\nvideo_md5 {'cd' * 16} 'ours' x\n",
        "signal_type,signal_str,collab,category,tags\nurl,https://example.org/a,ours,x,\n",
        f"0,20,{ONE},0.000\n1,30,{TWO},0.033\n",
        f'{{"data": [{{"indicator": "{"ab" * 16}", "type": "HASH_MD5"}}]}}',
        f'{{"data": [{{"indicator": "{ONE}", "type": "HASH_SHA256"}}]}}',
        f'[{{"sha256": "{ONE}"}}]',
    ],
    ids=["other signals", "other signals with --csv", "poor frames", "other hashes", "as long", "under another name"],
)
def test_a_list_of_which_nothing_can_be_used_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"list\.txt: none of its \d entr"):
        listed(tmp_path, text)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "FilePath,Hash\n", '{"data": []}'])
def test_an_empty_list_is_one(tmp_path: Path, text: str) -> None:
    assert listed(tmp_path, text) == []


def test_a_missing_file_and_an_unknown_category_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read(HashListEntry(file=str(tmp_path / "none.txt"), category="child_safety"))
    with pytest.raises(ConfigError, match="no category 'kittens'"):
        read(HashListEntry(file=str(tmp_path / "none.txt"), category="kittens"))
