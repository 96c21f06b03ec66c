"""Images and videos behind a URL, brought in where a policy allows it: public addresses alone, bounded throughout."""

from __future__ import annotations

import fnmatch
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

from ..models.assessment import Assessment
from ..models.content import Image, Part, Video
from ..models.errors import HeadgateError
from ..policies.media import MediaBlock
from .aside import aside

REDIRECTS: Final = 3
PORTS: Final = {"https": 443, "http": 80}

Judge: TypeAlias = Callable[..., tuple[Assessment, ...]]
AsyncJudge: TypeAlias = Callable[..., Coroutine[Any, Any, tuple[Assessment, ...]]]

Public: TypeAlias = Callable[[str], bool]
"""Whether an address may be asked."""

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_CHUNK: Final = 1 << 16
_FAILURES: Final = (OSError, http.client.HTTPException, ValueError)


class NotFetched(HeadgateError):
    """A URL that was not brought in, for a reason that holds no content."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet; an address mapped into IPv6 counts as what it maps."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


def fetched(parts: Sequence[Part], media: MediaBlock, *, public: Public = is_public) -> list[Part]:
    """The parts, with the bytes of images and videos behind URLs where the policy lets them be had.

    What could not be had stays as it is, and is reported as unjudged by whoever would have judged it.
    """
    return [
        _filled(part, media, public) if isinstance(part, (Image, Video)) and wanted(part, media) else part
        for part in parts
    ]


def wanted(part: Part, media: MediaBlock) -> bool:
    """Whether there is something to fetch."""
    if media.fetch == "none" or not isinstance(part, (Image, Video)) or part.data:
        return False
    return part.url[:8].lower().startswith(("http://", "https://"))


def fetching(judge: Judge, media: MediaBlock) -> Judge:
    """The judge, with what a policy lets be fetched brought in before it is asked."""
    if media.fetch == "none":
        return judge
    return lambda parts, **more: judge(fetched(parts, media), **more)


def afetching(judge: AsyncJudge, media: MediaBlock) -> AsyncJudge:
    """`fetching` for an event loop, which does not wait meanwhile."""
    if media.fetch == "none":
        return judge

    async def judged(parts: Sequence[Part], **more: Any) -> tuple[Assessment, ...]:
        if any(wanted(part, media) for part in parts):
            parts = await aside("fetch", fetched, parts, media)
        return await judge(parts, **more)

    return judged


def fetch(url: str, media: MediaBlock, *, public: Public = is_public) -> bytes:
    """The bytes behind a URL; NotFetched where the policy, an address, a bound or the server is against it.

    Every redirect is checked like the first URL, and the address that was checked is the one that is asked.
    """
    deadline = time.monotonic() + media.seconds
    for _ in range(REDIRECTS + 1):
        place = _allowed(url, media)
        try:
            answer = _asked(place, deadline=deadline, limit=media.max_bytes, public=public)
        except _FAILURES as error:
            raise NotFetched(f"the server could not be asked: {type(error).__name__}") from error
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise NotFetched(f"more than {REDIRECTS} redirects")


def _filled(part: Image | Video, media: MediaBlock, public: Public) -> Part:
    try:
        return msgspec.structs.replace(part, data=fetch(part.url, media, public=public))
    except NotFetched:
        return part


def _allowed(url: str, media: MediaBlock) -> SplitResult:
    try:
        place = urlsplit(url)
        host, _ = place.hostname, place.port
    except ValueError as error:
        raise NotFetched("not a URL") from error
    if place.scheme not in PORTS or (place.scheme == "http" and media.fetch != "http"):
        raise NotFetched(f"the policy fetches over {media.fetch} alone")
    if not host or place.username is not None:
        raise NotFetched("a URL with a host and without a user is needed")
    if media.hosts and not any(fnmatch.fnmatchcase(host.lower(), name.lower()) for name in media.hosts):
        raise NotFetched("the policy does not name this host")
    return place


def _asked(place: SplitResult, *, deadline: float, limit: int, public: Public) -> bytes | str:
    """The body, or where it has moved to."""
    host = place.hostname or ""
    port = place.port or PORTS[place.scheme]
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=_left(deadline))
    # Connected here: by itself it would look the name up again, and might be told another address.
    connection.sock = _connected(host, port, tls=place.scheme == "https", deadline=deadline, public=public)
    try:
        path = place._replace(scheme="", netloc="", fragment="").geturl() or "/"
        connection.request("GET", path, headers={"Accept": "image/*,video/*", "Accept-Encoding": "identity"})
        answer = connection.getresponse()
        if answer.status in _MOVED and (location := answer.getheader("Location")):
            return location
        if answer.status != 200:
            raise NotFetched(f"the server answered {answer.status}")
        return _body(answer, connection.sock, deadline=deadline, limit=limit)
    finally:
        connection.close()


def _connected(host: str, port: int, *, tls: bool, deadline: float, public: Public) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    # All of them: a name with one private address among public ones is a name to be wary of.
    if not addresses or not all(public(address) for address in addresses):
        raise NotFetched("the host's address is not a public one")
    plain = socket.create_connection((addresses[0], port), timeout=_left(deadline))
    if not tls:
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except _FAILURES:
        plain.close()
        raise


def _body(answer: http.client.HTTPResponse, sock: socket.socket | None, *, deadline: float, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        left = _left(deadline)
        if sock is not None:
            sock.settimeout(left)
        chunk = answer.read1(_CHUNK)
        if not chunk:
            return b"".join(chunks)
        size += len(chunk)
        if size > limit:
            raise NotFetched(f"more than {limit} bytes")
        chunks.append(chunk)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise NotFetched("not had in time")
    return left
