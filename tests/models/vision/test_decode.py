import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from headgate.models.assessment import Unjudged
from headgate.models.vision.bounds import Bounds
from headgate.models.vision.decode import Picture, decode, evenly

from .pictures import file, smooth


def opened(data: bytes, **more: int) -> Picture:
    found = decode(data, bounds=Bounds(**more))
    assert isinstance(found, Picture), found
    return found


def reason(data: bytes, **more: int) -> str:
    found = decode(data, bounds=Bounds(**more))
    assert isinstance(found, Unjudged), found
    return found.reason


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_usual_format_is_read(kind: str) -> None:
    picture = opened(file(smooth(), kind))
    assert (picture.width, picture.height) == (320, 240)
    assert picture.frames[0].shape == (240, 320, 3)
    assert picture.frames[0].dtype == np.uint8


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LA", "RGBA"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "PNG")
    assert opened(file(smooth().convert(mode), kind)).frames[0].shape == (240, 320, 3)


def test_deep_greys_keep_their_range() -> None:
    deep = Image.fromarray(np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64))
    frame = opened(file(deep)).frames[0]
    assert frame.min() == 0
    assert frame.max() == 255
    assert 120 < frame.mean() < 135


def test_exif_turns_the_picture_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    frame = opened(file(smooth(), "JPEG", exif=exif)).frames[0]
    assert frame.shape[:2] == (320, 240)


def test_a_see_through_picture_is_seen_on_white_and_on_black() -> None:
    white_words = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
    white_words.paste((255, 255, 255, 255), (10, 10, 30, 30))
    on_white, on_black = opened(file(white_words)).frames
    assert on_white.min() == 255
    assert on_black.min() == 0
    assert on_black.max() == 255


def test_frames_of_a_moving_picture_are_taken_evenly_and_the_rest_is_told() -> None:
    frames = [smooth(size=(32, 32), seed=seed) for seed in range(12)]
    data = file(frames[0], "GIF", save_all=True, append_images=frames[1:])
    picture = opened(data, frames=4)
    assert (len(picture.frames), picture.total) == (4, 12)
    assert picture.sampled
    assert not opened(data, frames=12).sampled


def test_a_large_picture_is_scaled_down() -> None:
    picture = opened(file(smooth(size=(800, 400))), side=200)
    assert picture.frames[0].shape == (100, 200, 3)
    assert (picture.width, picture.height) == (800, 400)


def bomb() -> bytes:
    """A PNG whose header promises more pixels than anybody has memory for."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not_decodable"),
        (b"hello", "unsupported_format"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_format"),
        (b'<?xml version="1.0"?><svg/>', "unsupported_format"),
        (bomb(), "too_large"),
    ],
)
def test_what_is_no_picture_or_too_large_is_unjudged(data: bytes, said: str) -> None:
    assert reason(data) == said


def test_bounds_of_bytes_and_pixels_are_kept() -> None:
    data = file(smooth())
    assert reason(data, bytes=100) == "too_large"
    assert reason(data, pixels=1000) == "too_large"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_truncated_file_is_unjudged(kind: str) -> None:
    data = file(smooth(), kind)
    assert reason(data[: len(data) // 2]) in ("not_decodable", "unsupported_format")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2000), st.integers(0, 255), st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "BMP"]))
def test_a_damaged_file_ends_in_a_picture_or_a_reason(at: int, value: int, kind: str) -> None:
    data = bytearray(file(smooth(size=(32, 24)), kind))
    data[at % len(data)] = value
    assert isinstance(decode(bytes(data)), (Picture, Unjudged))


@given(st.integers(1, 500), st.integers(1, 20))
def test_positions_are_even_and_hold_the_first(total: int, most: int) -> None:
    found = list(evenly(total, most=most))
    assert found[0] == 0
    assert len(found) <= most
    assert found == sorted(set(found))
    assert most == 1 or found[-1] == total - 1
