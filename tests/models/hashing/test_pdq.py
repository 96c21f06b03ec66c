from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from headgate.models.hashing.pdq import THRESHOLD, distance, hashed, hex_of, packed, trimmed, variants, words_of

from ..vision.pictures import detailed, file, pixels


@given(st.binary(min_size=32, max_size=32))
def test_words_and_hex_are_two_writings_of_one_hash(data: bytes) -> None:
    assert hex_of(words_of(data.hex())) == data.hex()
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    assert hex_of(packed(bits)) == data.hex()


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        words_of("00ff")


@given(st.binary(min_size=32, max_size=32), st.sets(st.integers(0, 255), max_size=40))
def test_distance_counts_the_bits_that_differ(data: bytes, flips: set[int]) -> None:
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8))
    other = bits.copy()
    other[list(flips)] ^= 1
    assert distance(packed(bits), packed(other)) == len(flips)


def test_a_hash_survives_scaling_and_compression() -> None:
    original = detailed(size=(512, 384), seed=3)
    lossy = Image.open(BytesIO(file(original.resize((300, 225)), "JPEG", quality=60)))
    apart = distance(hashed(pixels(original)).words, hashed(pixels(lossy)).words)
    assert apart[0] <= THRESHOLD
    assert distance(hashed(pixels(original)).words, hashed(pixels(detailed(seed=4))).words)[0] > 2 * THRESHOLD


@pytest.mark.parametrize("turn", [lambda p: p, ImageOps.mirror, ImageOps.flip, lambda p: p.rotate(90, expand=True)])
def test_turned_and_mirrored_copies_are_among_the_variants(turn: object) -> None:
    original = detailed(size=(256, 256), seed=5)
    copy = pixels(turn(original))  # type: ignore[operator]
    apart = sorted(distance(variants(copy).words, hashed(pixels(original)).words))
    assert apart[0] <= 2 * THRESHOLD < 90 < apart[1]


def test_a_uniform_border_is_trimmed() -> None:
    original = detailed(size=(256, 256), seed=6)
    framed = pixels(ImageOps.expand(original, border=40, fill="black"))
    assert trimmed(framed).shape == (256, 256, 3)
    assert distance(variants(framed).words, hashed(pixels(original)).words).min() <= THRESHOLD
    blank = np.zeros((100, 100, 3), np.uint8)
    assert trimmed(blank) is blank
