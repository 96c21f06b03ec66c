"""The client of the LLM behind us: one pooled aiohttp session, and one door for its errors into our tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ..models.errors import UpstreamError
from .addresses import base_of, passed_to
from .asgi import Headers, Scope
from .config import Settings
from .providers import EVERYWHERE, PROVIDERS, Api, Path
from .upstream_settings import Timeouts, UpstreamSettings

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
_KEPT_FOR_THEIR_KIND: Final = ("openai-", "anthropic-")
_TELL_WHOSE_KEY: Final = (b"openai-organization", b"openai-project", b"anthropic-organization-id", b"set-cookie")
LARGEST_ANSWER: Final = 64 * 1024 * 1024
NATIVE: Final = "upstream"
"""The name of the one upstream of `--upstream`."""


def native(settings: Settings) -> UpstreamSettings:
    """The one upstream of `--upstream`: it is asked once, and speaks each client's protocol where no kind is named."""
    patience = Timeouts(
        connect=settings.connect_timeout, first_byte=settings.read_timeout, idle=settings.read_timeout, total=0.0
    )
    return UpstreamSettings(
        url=settings.upstream,
        kind=settings.upstream_kind,
        key=settings.upstream_key,
        forward_key=not settings.key_overrides,
        timeouts=patience,
        retries=0,
        breaker=settings.breaker,
    )


class Upstream:
    """Sends bodies to one upstream, the settings' own unless `spec` is another. Make it on a running event loop and
    close it there."""

    def __init__(self, settings: Settings, spec: UpstreamSettings | None = None, *, name: str = NATIVE) -> None:
        import aiohttp

        self.name = name
        # One with a name shows the key of its settings; the only one of a kind a caller's own before that.
        self._callers_first = spec is None and settings.upstream_kind != "native" and not settings.key_overrides
        self.spec = spec = spec or native(settings)
        self.provider = PROVIDERS[spec.kind]
        self._paths: dict[Api, Path] = {**self.provider.paths, **{api: EVERYWHERE[api] for api in spec.speaks}}
        root, base = base_of(spec)
        self._urls = {api: f"{root if path.at_root else base}{path.path}" for api, path in self._paths.items()}
        self._models = f"{base}{self.provider.models.path}" if self.provider.models is not None else None
        self._query = f"?api-version={spec.api_version}" if self.provider.versioned else ""
        self._errors = (aiohttp.ClientError, OSError)
        waits = spec.timeouts
        self._idle = waits.idle if waits.idle != waits.first_byte else None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=spec.max_connections, keepalive_timeout=60),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=waits.total or None,
                # A free connection is waited for no longer than an answer.
                connect=waits.first_byte if spec.max_connections else None,
                sock_connect=waits.connect,
                sock_read=waits.first_byte,
            ),
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
            auto_decompress=settings.guarded,
            read_bufsize=256 * 1024,
        )

    @property
    def is_native(self) -> bool:
        """Whether it is taken to speak each client's own protocol."""
        return self.spec.kind == "native"

    @property
    def apis(self) -> Collection[Api]:
        """What it speaks itself."""
        return self._paths.keys()

    async def post(self, api: Api, body: bytes, headers: dict[str, str], *, model: str = "") -> aiohttp.ClientResponse:
        """Post a body in one of its own protocols; the answer's body is still to be read.

        Raises UpstreamError where no answer comes.
        """
        url = self._urls[api]
        if "{model}" in url:
            url = url.replace("{model}", quote(model, safe=""))
        try:
            response = await self._session.post(url + self._query, data=body, headers=headers, allow_redirects=False)
        except TimeoutError as error:
            raise UpstreamError("upstream did not answer in time", status=504) from error
        except (*self._errors, ValueError) as error:
            raise UpstreamError(f"upstream cannot be reached ({type(error).__name__})", status=502) from error
        if self._idle is not None and response.connection is not None and response.connection.protocol is not None:
            response.connection.protocol.read_timeout = self._idle
            response.connection.protocol.start_timeout()
        return response

    async def request(
        self, method: str, path: bytes, query: bytes, body: bytes, headers: dict[str, str]
    ) -> aiohttp.ClientResponse:
        """Pass a caller's request on as it is; the answer's body is still to be read.

        Raises UpstreamError where no answer comes.
        """
        from yarl import URL

        below = passed_to(self.spec, path.decode("latin-1"))
        url = URL(f"{below}?{query.decode('latin-1')}" if query else below, encoded=True)
        dressed = self.dressed(headers, key_header="x-api-key" if "anthropic-version" in headers else "authorization")
        try:
            return await self._session.request(method, url, data=body or None, headers=dressed, allow_redirects=False)
        except TimeoutError as error:
            raise UpstreamError("upstream did not answer in time", status=504) from error
        except (*self._errors, ValueError) as error:
            raise UpstreamError(f"upstream cannot be reached ({type(error).__name__})", status=502) from error

    async def models(self, headers: dict[str, str]) -> aiohttp.ClientResponse | None:
        """Its own list of models; None where this kind has none. Raises UpstreamError where no answer comes."""
        if self._models is None:
            return None
        try:
            return await self._session.get(self._models, headers=headers, allow_redirects=False)
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
        """The caller's headers for upstream, with its key, and without what belongs to this hop."""
        return self.dressed(callers(scope), key_header=key_header)

    def dressed(self, kept: Mapping[str, str], *, key_header: str = "authorization") -> dict[str, str]:
        """A caller's headers with upstream's key.

        Where upstream is the one of `--upstream`, a caller's own key comes before the gateway's unless `key_overrides`.
        Without a kind it stands where the caller has its own: in `authorization`, or in the dialect's `key_header`,
        which it is where the caller sends none. Any other upstream is shown its own key where its kind wants it, and
        the caller's only where that is to be forwarded.
        """
        if self.provider.auth != "as_sent":
            return self._dressed_for_kind(kept)
        found, spec = dict(kept), self.spec
        has_one = "authorization" in found or key_header in found
        if spec.key and (not spec.forward_key or not has_one):
            bearer = key_header == "authorization" or ("authorization" in found and key_header not in found)
            for name in _KEY_HEADERS:
                found.pop(name, None)
            found["authorization" if bearer else key_header] = f"Bearer {spec.key}" if bearer else spec.key
        return found

    def _dressed_for_kind(self, kept: Mapping[str, str]) -> dict[str, str]:
        provider = self.provider
        callers = _key_of(kept) if self.spec.forward_key else None
        key = (callers or self.spec.key) if self._callers_first else (self.spec.key or callers)
        foreign = tuple(prefix for prefix in _KEPT_FOR_THEIR_KIND if prefix != provider.own)
        found = {
            name: value for name, value in kept.items() if name not in _KEY_HEADERS and not name.startswith(foreign)
        }
        for name, value in provider.headers.items():
            found.setdefault(name, value)
        if key is not None:
            match provider.auth:
                case "api_key":
                    found["api-key"] = key
                case "x_api_key":
                    found["x-api-key"] = key
                case _:
                    found["authorization"] = f"Bearer {key}"
        return found

    def shows_callers_key(self, kept: Mapping[str, str]) -> bool:
        """Whether these headers of a caller hold a key that is shown although the gateway has its own."""
        return self._callers_first and self.spec.key is not None and _key_of(kept) is not None

    def returned(self, headers: Iterable[tuple[bytes, bytes]], *, encoded: bool = False) -> Headers:
        """Upstream's headers that go back to the caller; one with a name says so, and nothing of whose key it is."""
        kept = returned(headers, encoded=encoded)
        if self.is_native:
            return kept
        shown = [pair for pair in kept if self.spec.key is None or pair[0] not in _TELL_WHOSE_KEY]
        return [*shown, (b"x-headgate-upstream", self.name.encode())]

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


def callers(scope: Scope) -> dict[str, str]:
    """A caller's headers without what belongs to this hop, by their names in small letters."""
    kept = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in scope["headers"]
        if name not in _DROPPED and not name.startswith(b"x-headgate-")
    }
    kept.setdefault("content-type", "application/json")
    return kept


def _key_of(kept: Mapping[str, str]) -> str | None:
    """The caller's own key, wherever it stands."""
    found = kept.get("x-api-key") or kept.get("api-key")
    if found is None and (value := kept.get("authorization")) is not None:
        kind, _, key = value.partition(" ")
        found = key.strip() if kind.lower() == "bearer" else None
    return found or None
