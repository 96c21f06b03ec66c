from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.guard.filter.read import Position, lines
from headgate.models.errors import InputError

LINES = st.lists(st.sampled_from([b"{}\n", b"\n", b"\xff\n", b"a\r\n"]), max_size=6).map(b"".join)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, min_size=1, max_size=3), st.data())
def test_reading_goes_on_from_any_line_as_if_it_had_never_stopped(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("in")
    names = []
    for index, content in enumerate(contents):
        path = folder / f"{index}.jsonl"
        path.write_bytes(content)
        names.append(str(path))
    whole = list(lines(names, start=Position()))
    stop = data.draw(st.integers(0, len(whole)))
    after = whole[stop - 1].after if stop else Position()
    assert [*whole[:stop], *lines(names, start=after)] == whole
    assert b"".join(line.raw for line in whole) == b"".join(contents)


def test_a_cut_off_archive_is_an_error_of_the_input(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(b"not zstandard at all" + zstandard.compress(b"{}\n"))
    with pytest.raises(InputError, match="damaged after line 0"):
        list(lines([str(path)], start=Position()))
