from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from headgate.guard.fetch import NotFetched, fetch, fetched, is_public, wanted
from headgate.models.content import Image, Text
from headgate.policies.media import MediaBlock

OPEN = MediaBlock(fetch="http", max_bytes=2048)


class _Pictures(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        body = b"x" * int(self.path.strip("/").split("?")[0])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def here() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pictures) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def anyone(address: str) -> bool:
    return True


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fd00::1",
     "::ffff:127.0.0.1", "2002:7f00:1::", "224.0.0.1"],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet_are_known(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are_public() -> None:
    assert is_public("1.1.1.1")
    assert is_public("2606:4700:4700::1111")


def test_a_private_server_is_never_asked(here: str) -> None:
    with pytest.raises(NotFetched, match="not a public one"):
        fetch(f"{here}/10", OPEN)


def test_a_body_is_brought_in_over_redirects(here: str) -> None:
    assert fetch(f"{here}/to//to/{here}/20", OPEN, public=anyone) == b"x" * 20


def test_a_redirect_is_checked_like_the_first_url(here: str) -> None:
    with pytest.raises(NotFetched, match="does not name this host"):
        fetch(f"{here}/to/http://localhost:1/", MediaBlock(fetch="http", hosts=("127.0.0.1",)), public=anyone)
    with pytest.raises(NotFetched, match="alone"):
        fetch(f"{here}/to/file:///etc/hostname", OPEN, public=anyone)


def test_redirects_come_to_an_end(here: str) -> None:
    with pytest.raises(NotFetched, match="redirects"):
        fetch(f"{here}/to//to//to//to//to/10", OPEN, public=anyone)


def test_too_many_bytes_are_not_taken(here: str) -> None:
    assert len(fetch(f"{here}/2048", OPEN, public=anyone)) == 2048
    with pytest.raises(NotFetched, match="2048 bytes"):
        fetch(f"{here}/2049", OPEN, public=anyone)


@pytest.mark.parametrize(
    ("url", "media"),
    [
        ("http://example.org/a.png", MediaBlock(fetch="https")),
        ("https://user@example.org/a.png", MediaBlock(fetch="https")),
        ("https://elsewhere.net/a.png", MediaBlock(fetch="https", hosts=("*.example.org",))),
        ("https://[/a.png", MediaBlock(fetch="https")),
    ],
)
def test_a_url_that_the_policy_does_not_allow_is_not_asked(url: str, media: MediaBlock) -> None:
    with pytest.raises(NotFetched):
        fetch(url, media)


def test_parts_get_their_bytes_or_stay_as_they_are(here: str) -> None:
    good, bad = Image(url=f"{here}/5", path="a"), Image(url=f"{here}/9999", path="b")
    first, second, words = fetched([good, bad, Text(text="hi")], OPEN, public=anyone)
    assert isinstance(first, Image)
    assert first.data == b"xxxxx"
    assert second is bad
    assert words == Text(text="hi")
    assert not wanted(good, MediaBlock())
    assert not wanted(Image(url="data:image/png;base64,AAAA"), OPEN)
