"""A model behind a KServe v2 server (Triton, KServe, OpenVINO), with the same call as onnxruntime.

Blocking, for the scheduler's threads; connections are kept and shared. Rows are padded to a few lengths, so that the
server can join those of several callers.
"""

from __future__ import annotations

import http.client
import queue
import ssl
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from . import kserve
from .errors import ConfigError, DeadlineExceeded, InferenceFailed, ModelUnavailable
from .exported import Axes
from .feeds import Feeds, Logits, checked, padded

LENGTHS: Final = (16, 32, 64, 96, 128, 192, 256, 384, 512)
"""Tokens that rows are padded to; a longer row keeps its own length."""

LARGEST: Final = 64 << 20
"""Bytes of an answer that are read."""

_NOTHING: Final = kserve.Body(b"", {})


class _Metadata(msgspec.Struct, frozen=True):
    """What a server says of a model's inputs and outputs."""

    inputs: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []


class _Server(msgspec.Struct, frozen=True):
    """What a server says of itself."""

    extensions: list[str] = []


class KServeRuntime:
    """One model of a server; safe to call from several threads, and `callers` of them wait for it at once.

    `timeout` is in seconds and bounds one call with its retry. `token` goes as a bearer token. `binary` is the
    protocol's extension for tensors, which Triton has; without it they are written as JSON, and None stands for what
    the server says that it has. `columns` are those of the logits, 0 where any number will do. Raises ConfigError for
    a URL that is none.
    """

    joins = True
    local = False

    def __init__(
        self,
        url: str,
        *,
        model: str,
        inputs: Sequence[Axes],
        version: str = "",
        timeout: float = 5.0,
        token: str = "",
        binary: bool | None = None,
        columns: int = 0,
        pad_id: int = 0,
        rows: int = 32,
        callers: int = 16,
    ) -> None:
        found = urllib.parse.urlsplit(url)
        if found.scheme not in ("http", "https") or not found.hostname:
            raise ConfigError(f"{url!r} is no URL of a model server: write http://host:8000")
        self._host = found.hostname
        self._port = found.port
        self._secure = ssl.create_default_context() if found.scheme == "https" else None
        name = urllib.parse.quote(model, safe="")
        self._root = f"{found.path.rstrip('/')}/v2"
        self._path = f"{self._root}/models/{name}" + (f"/versions/{version}" if version else "")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._names = tuple(axes.name for axes in inputs)
        self._timeout = timeout
        self._binary = binary
        self._columns = columns
        self._pad_id = pad_id
        self._most = rows
        self.callers = callers
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue(maxsize=callers)

    def ready(self) -> None:
        """Ask whether the model is served with the inputs it is fed with; ModelUnavailable says what is wrong."""
        end = self._end()
        status, data, _ = self._asked("GET", f"{self._path}/ready", _NOTHING, end)
        if status != 200:
            raise ModelUnavailable(f"the model server is not ready: it answers {status} {kserve.fault(data)}".rstrip())
        _, data, _ = self._asked("GET", self._path, _NOTHING, end)
        try:
            held = msgspec.json.decode(data, type=_Metadata)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise ModelUnavailable("the model server does not describe its model") from error
        found = {str(entry.get("name")) for entry in held.inputs}
        if found != set(self._names) or kserve.OUTPUT not in {str(entry.get("name")) for entry in held.outputs}:
            raise ModelUnavailable(
                f"the served model reads {', '.join(sorted(found))}; this one reads {', '.join(self._names)} "
                f"and answers with {kserve.OUTPUT}"
            )

    def run(self, input_ids: Sequence[Sequence[int]], type_ids: Sequence[Sequence[int]]) -> Logits:
        """The logits [rows, heads] of rows of token ids, padded to the next of `LENGTHS`."""
        if not len(input_ids):
            return np.zeros((0, 0), dtype=np.float32)
        longest = max(map(len, input_ids))
        length = next((size for size in LENGTHS if size >= longest), longest)
        return self.feed(padded(input_ids, type_ids, pad_id=self._pad_id, length=length), rows=len(input_ids))

    def feed(self, feeds: Mapping[str, npt.NDArray[Any]], *, rows: int) -> Logits:
        """The logits [rows, heads] of inputs by name, in as many requests as the server's largest batch asks for.

        `rows` counts those of the answer: of a graph that scores every token there are more of them than inputs.
        Raises DeadlineExceeded in time, and InferenceFailed where the server refuses or answers nonsense.
        """
        given = {name: np.asarray(feeds[name]) for name in self._names}
        size = max(map(len, given.values()), default=0)
        made = [
            self._infer({name: array[at : at + self._most] for name, array in given.items()})
            for at in range(0, size, self._most)
        ]
        try:
            found = np.concatenate(made)
        except ValueError as error:
            raise InferenceFailed("the model server's answers do not fit together") from error
        return checked(found, rows=rows, columns=self._columns, name="the model server")

    def _infer(self, feeds: Feeds) -> npt.NDArray[Any]:
        end = self._end()
        body = kserve.request(feeds, binary=self._has_binary(end))
        status, data, header = self._asked("POST", f"{self._path}/infer", body, end)
        if status != 200:
            raise InferenceFailed(f"the model server answers {status}: {kserve.fault(data)}".rstrip(": "))
        return kserve.answer(data, header=header)

    def _has_binary(self, end: float) -> bool:
        """Whether tensors may follow the JSON; asked of the server once, and not so where it does not say it."""
        if self._binary is None:
            status, data, _ = self._asked("GET", self._root, _NOTHING, end)
            if status >= 500:
                raise InferenceFailed(f"the model server answers {status}: {kserve.fault(data)}".rstrip(": "))
            self._binary = status == 200 and kserve.BINARY in _extensions(data)
        return self._binary

    def _end(self) -> float:
        return time.monotonic() + self._timeout

    def _asked(self, method: str, path: str, body: kserve.Body, end: float) -> tuple[int, bytes, str | None]:
        while True:
            line, kept = self._connection()
            try:
                return self._exchange(line, method, path, body, end)
            except TimeoutError as error:
                line.close()
                raise DeadlineExceeded("the model server did not answer in time") from error
            except (OSError, http.client.HTTPException) as error:
                line.close()
                # A server may close an idle connection; a fresh one that fails is a server that is gone.
                if not kept:
                    raise InferenceFailed(f"no answer from the model server: {type(error).__name__}") from error

    def _exchange(
        self, line: http.client.HTTPConnection, method: str, path: str, body: kserve.Body, end: float
    ) -> tuple[int, bytes, str | None]:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        line.timeout = left
        if line.sock is not None:
            line.sock.settimeout(left)
        line.request(method, path, body=body.data, headers=self._headers | body.headers)
        found = line.getresponse()
        data = found.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise http.client.HTTPException
        self._keep(line, found)
        return found.status, data, found.headers.get(kserve.HEADER)

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        try:
            return self._idle.get_nowait(), True
        except queue.Empty:
            pass
        if self._secure is None:
            return http.client.HTTPConnection(self._host, self._port), False
        return http.client.HTTPSConnection(self._host, self._port, context=self._secure), False

    def _keep(self, line: http.client.HTTPConnection, found: http.client.HTTPResponse) -> None:
        if found.will_close:
            line.close()
            return
        try:
            self._idle.put_nowait(line)
        except queue.Full:
            line.close()


def _extensions(data: bytes) -> list[str]:
    try:
        return msgspec.json.decode(data, type=_Server).extensions
    except (msgspec.ValidationError, msgspec.DecodeError):
        return []
