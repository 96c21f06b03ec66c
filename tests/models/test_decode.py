import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.models.decode import MAX_DECODED, ciphers, escapes, runs


@pytest.mark.parametrize(
    "hidden", ["&#107;itten", "&#x6B;itten", r"\u006bitten", r"\x6bitten", r"\u{6b}itten", "%6bitten"]
)
def test_an_escaped_letter_is_written_out(hidden: str):
    assert escapes(hidden) == "kitten"


@pytest.mark.parametrize("ordinary", ["a%20b%2Fc", "&amp; &#8217; &#60;", r"\u00e9 \n \t", "100% sure", r"C:\users"])
def test_an_escape_of_anything_else_is_left(ordinary: str):
    assert escapes(ordinary) == ordinary


def test_a_readable_run_is_decoded_in_its_place():
    run = base64.b64encode(b"paint the fence").decode()
    assert runs(f"please {run} now") == "please paint the fence now"
    assert runs(b"paint the fence".hex()) == "paint the fence"


def test_a_run_inside_a_run_is_decoded():
    assert runs(base64.b64encode(b"paint the fence".hex().encode()).decode()) == "paint the fence"


@pytest.mark.parametrize(
    "ordinary", ["3f786850e387550fdab836ed7e6dc881de23001b", "getElementsByTagName", "20241231235959", "//////////"]
)
def test_a_run_that_holds_no_text_is_left(ordinary: str):
    assert runs(ordinary) == ordinary


def test_a_run_over_the_limit_is_left():
    run = base64.b64encode(b"paint the fence " * MAX_DECODED).decode()
    assert runs(run) == run


@given(st.binary(max_size=60))
def test_any_bytes_in_base64_do_no_harm(data: bytes):
    assert isinstance(runs(base64.b64encode(data).decode()), str)


def test_a_segment_backwards_or_in_rot13_is_turned_and_the_rest_is_left():
    assert "paint the fence for me" in ciphers("Read this: em rof ecnef eht tniap")
    assert ciphers("Read this: cnvag gur srapr sbe zr") == "Read this: paint the fence for me"


@pytest.mark.parametrize("ordinary", ["The cat sat on the mat.", "Il gatto dorme sul divano rosso", ""])
def test_plain_text_is_not_turned(ordinary: str):
    assert ciphers(ordinary) == ordinary
