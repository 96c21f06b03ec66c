"""The client of the LLM behind us: one pooled aiohttp session, and one door for its errors into our tree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from ..models.errors import UpstreamError
from .asgi import Headers, Scope
from .config import Settings

if TYPE_CHECKING:
    import aiohttp

# Hop-by-hop (RFC 9110, 7.6.1), what belongs to this hop's connection or body, and what is between caller and us alone.
_DROPPED: Final = frozenset(
    b"""accept-encoding connection content-encoding content-length cookie expect forwarded host keep-alive
    proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade x-forwarded-for
    x-forwarded-host x-forwarded-proto x-real-ip""".split()
)
_NOT_RETURNED: Final = frozenset(
    b"""alt-svc connection content-digest content-encoding content-length content-md5 content-type date digest etag
    keep-alive proxy-authenticate proxy-connection repr-digest server set-cookie strict-transport-security te trailer
    transfer-encoding upgrade""".split()
)
_KEY_HEADERS: Final = ("authorization", "x-api-key", "api-key")
LARGEST_ANSWER: Final = 64 * 1024 * 1024


class Upstream:
    """Sends bodies to upstream. Make it on a running event loop and close it there."""

    def __init__(self, settings: Settings) -> None:
        import aiohttp

        self._settings = settings
        self._errors = (aiohttp.ClientError, OSError)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=settings.connect_timeout, sock_read=settings.read_timeout
            ),
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
            auto_decompress=settings.guarded,
            read_bufsize=256 * 1024,
        )

    async def post(
        self, path: str, body: bytes, headers: dict[str, str], *, at_root: bool = False
    ) -> aiohttp.ClientResponse:
        """Post to a path under the base URL, or under the server's root; the body is still to be read.

        Raises UpstreamError where no answer comes.
        """
        url = f"{self._settings.root_url if at_root else self._settings.base_url}{path}"
        try:
            return await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        except TimeoutError as error:
            raise UpstreamError("upstream did not answer in time", status=504) from error
        except self._errors as error:
            raise UpstreamError(f"upstream cannot be reached ({type(error).__name__})", status=502) from error

    async def get(self, path: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
        """Get a path under the base URL."""
        try:
            return await self._session.get(f"{self._settings.base_url}{path}", headers=headers, allow_redirects=False)
        except TimeoutError as error:
            raise UpstreamError("upstream did not answer in time", status=504) from error
        except self._errors as error:
            raise UpstreamError(f"upstream cannot be reached ({type(error).__name__})", status=502) from error

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        """The whole body, at most LARGEST_ANSWER bytes."""
        chunks: list[bytes] = []
        size = 0
        while chunk := await self.read_some(response):
            chunks.append(chunk)
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise UpstreamError(f"upstream's answer has more than {LARGEST_ANSWER} bytes", status=502)
        return b"".join(chunks)

    async def read_some(self, response: aiohttp.ClientResponse) -> bytes:
        """The bytes that are there, waiting for the first; empty at the end."""
        try:
            return await response.content.readany()
        except TimeoutError as error:
            raise UpstreamError("upstream stopped answering", status=504) from error
        except self._errors as error:
            raise UpstreamError("upstream broke off its answer", status=502) from error

    def headers(self, scope: Scope, *, key_header: str = "authorization") -> dict[str, str]:
        """The caller's headers for upstream, with its key, and without what belongs to this hop.

        The key stands where the caller has its own: in `authorization`, or in the dialect's `key_header`, which it is
        where the caller sends none.
        """
        kept = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
            if name not in _DROPPED and not name.startswith(b"x-headgate-")
        }
        kept.setdefault("content-type", "application/json")
        settings = self._settings
        has_one = "authorization" in kept or key_header in kept
        if settings.upstream_key and (settings.key_overrides or not has_one):
            bearer = key_header == "authorization" or ("authorization" in kept and key_header not in kept)
            for name in _KEY_HEADERS:
                kept.pop(name, None)
            kept["authorization" if bearer else key_header] = (
                f"Bearer {settings.upstream_key}" if bearer else settings.upstream_key
            )
        return kept

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def returned(headers: Iterable[tuple[bytes, bytes]], *, encoded: bool = False) -> Headers:
    """Upstream's headers that go back to the caller; `encoded` keeps Content-Encoding, for bodies as they came."""
    return [
        (lowered, value)
        for name, value in headers
        if ((lowered := name.lower()) not in _NOT_RETURNED or (encoded and lowered == b"content-encoding"))
        and not lowered.startswith(b"x-headgate-")
    ]
