from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.policies.load import source_of_text
from headgate.policies.schema import Document
from headgate.policies.shape import misfits
from headgate.policies.tree import plain

_KEYS = st.sampled_from([field.encode_name for field in msgspec.structs.fields(Document)])
_WORDS = st.sampled_from(
    ["refuse", "strict", "minor", "max", "fpr", "budget", "expect", "yes", "1", "null", "1.5", "true"]
)
_VALUES = st.recursive(
    _WORDS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda parts: f"[{', '.join(parts)}]"),
        st.dictionaries(_WORDS, inner, max_size=2).map(
            lambda d: "{" + ", ".join(f"{k}: {v}" for k, v in d.items()) + "}"
        ),
    ),
    max_leaves=4,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_a_tree_without_misfits_is_exactly_one_that_the_schema_accepts(written: dict[str, str]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in ({"version": "1"} | written).items())
    source = source_of_text(text)
    try:
        msgspec.convert(plain(source.root), Document)
        accepted = True
    except msgspec.ValidationError:
        accepted = False
    assert (not list(misfits(source.root))) is accepted


@pytest.mark.parametrize(
    ("text", "kind", "where"),
    [
        ("colour: red", "key", ""),
        ("input: {worst: refuse}", "severity", "input"),
        ("input: stop", "action", "input"),
        ("mode: loud", "choice", "mode"),
        ("stream: [1]", "type", "stream"),
        ("cases: [{expect: allow}, {}]", "missing", "cases[1]"),
    ],
)
def test_each_kind_of_misfit_is_told_apart(text: str, kind: str, where: str) -> None:
    (misfit,) = misfits(source_of_text(f"version: 1\n{text}").root)
    assert (misfit.kind, misfit.where) == (kind, where)
