import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.models.hashing.hash_index import HashIndex
from headgate.models.hashing.pdq import Words, distance, packed


def random_words(rows: int, seed: int = 0) -> Words:
    return np.random.default_rng(seed).integers(0, 2**64, (rows, 4), dtype=np.uint64)


INDEX = HashIndex(random_words(5000))


@settings(deadline=None)
@given(st.integers(0, 4999), st.sets(st.integers(0, 255), max_size=31))
def test_every_hash_within_31_bits_is_found(row: int, flips: set[int]) -> None:
    bits = np.unpackbits(INDEX.words[row].astype(">u8").view(np.uint8))
    bits[list(flips)] ^= 1
    (found,) = INDEX.within(packed(bits), furthest=31)
    assert (found.row, found.distance) == (row, len(flips))


def test_an_index_finds_what_a_comparison_with_all_finds() -> None:
    near = np.repeat(random_words(1, seed=9), 40, axis=0)
    near[np.arange(40), np.arange(40) % 4] ^= np.uint64(0xFF0F_F0F0_0F0F_00FF) >> np.arange(40, dtype=np.uint64)
    index = HashIndex(np.concatenate([near, random_words(500, seed=2)]))
    query = near[0]
    expected = {row for row, bits in enumerate(distance(index.words, query)) if bits <= 20}
    assert {found.row for found in index.within(query, furthest=20)} == expected


def test_the_nearest_comes_first_and_an_empty_index_finds_nothing() -> None:
    words = random_words(2, seed=1)
    words[1] = words[0] ^ np.array([7, 0, 0, 0], dtype=np.uint64)
    assert [near.distance for near in HashIndex(words).within(words[0], furthest=31)] == [0, 3]
    assert HashIndex(np.zeros((0, 4), np.uint64)).within(words[0], furthest=31) == ()


def test_a_distance_that_the_bands_cannot_promise_is_refused() -> None:
    with pytest.raises(ValueError, match="31"):
        INDEX.within(INDEX.words[0], furthest=32)
