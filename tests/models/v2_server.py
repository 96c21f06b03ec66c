"""A small server of the Open Inference Protocol (KServe v2) over real sockets: JSON, and the binary extension."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

HEADER = "Inference-Header-Content-Length"
Model = Callable[[dict[str, np.ndarray]], np.ndarray]
DTYPES = {"INT64": "<i8", "FP32": "<f4"}


class V2Server(ThreadingHTTPServer):
    """Serves one model; what it was asked is in `asked`, and `spoil` may bend an answer.

    Without the extension `binary_tensor_data` it reads and writes JSON alone; with None it says nothing of itself.
    """

    daemon_threads = True

    def __init__(self, model: Model, *, name: str = "tiny", inputs: tuple[str, ...] = ("input_ids",)) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model = model
        self.name = name
        self.inputs = inputs
        self.asked: list[dict[str, Any]] = []
        self.shapes: list[list[int]] = []
        self.ready = True
        self.extensions: tuple[str, ...] | None = ("binary_tensor_data",)
        self.described = 0
        self.described_status = 200
        self.hang_up = False
        self.status = 200
        self.spoil: Callable[[bytes, str | None], tuple[bytes, str | None]] = lambda data, header: (data, header)
        self.gate = threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serving(model: Model, **given: Any) -> Iterator[V2Server]:
    with V2Server(model, **given) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.gate.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: V2Server

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        base = f"/v2/models/{self.server.name}"
        if self.path == "/v2" and self.server.extensions is not None:
            self.server.described += 1
            held = {"name": "a server", "version": "1", "extensions": self.server.extensions}
            self._send(self.server.described_status, json.dumps(held).encode())
        elif self.path == f"{base}/ready":
            self._send(200 if self.server.ready else 503, b"")
        elif self.path == base:
            names = [{"name": name, "datatype": "INT64", "shape": [-1, -1]} for name in self.server.inputs]
            outputs = [{"name": "logits", "datatype": "FP32", "shape": [-1, 2]}]
            held = {"name": self.server.name, "platform": "onnxruntime_onnx", "inputs": names, "outputs": outputs}
            self._send(200, json.dumps(held).encode())
        else:
            self._send(404, b'{"error": "no such model"}')

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.gate.wait()
        if self.server.hang_up:
            self.server.hang_up = False
            self.close_connection = True
            return
        if self.server.status != 200 or self.path != f"/v2/models/{self.server.name}/infer":
            self._send(self.server.status if self.server.status != 200 else 404, b'{"error": "out of memory"}')
            return
        head = self.headers.get(HEADER)
        if head and "binary_tensor_data" not in (self.server.extensions or ()):
            self._send(400, b'{"error": "not JSON"}')
            return
        asked = json.loads(data[: int(head)] if head else data)
        self.server.asked.append(asked | {"authorization": self.headers.get("Authorization")})
        feeds, at = {}, int(head or 0)
        for tensor in asked["inputs"]:
            if "data" in tensor:
                flat = np.array(tensor["data"], dtype=DTYPES[tensor["datatype"]])
            else:
                size = tensor["parameters"]["binary_data_size"]
                flat, at = np.frombuffer(data[at : at + size], dtype=DTYPES[tensor["datatype"]]), at + size
            feeds[tensor["name"]] = flat.reshape(tensor["shape"])
            self.server.shapes.append(tensor["shape"])
        logits = self.server.model(feeds).astype("<f4")
        binary = asked["outputs"][0].get("parameters", {}).get("binary_data", False)
        self._answer(logits, binary=binary)

    def _answer(self, logits: np.ndarray, *, binary: bool) -> None:
        tensor: dict[str, Any] = {"name": "logits", "datatype": "FP32", "shape": list(logits.shape)}
        if not binary:
            self._send(200, json.dumps({"outputs": [tensor | {"data": logits.ravel().tolist()}]}).encode())
            return
        blob = logits.tobytes()
        head = json.dumps({"outputs": [tensor | {"parameters": {"binary_data_size": len(blob)}}]}).encode()
        self._send(200, head + blob, header=str(len(head)))

    def _send(self, status: int, data: bytes, *, header: str | None = None) -> None:
        if self.command == "POST":
            data, header = self.server.spoil(data, header)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if header is not None:
            self.send_header(HEADER, header)
        self.end_headers()
        self.wfile.write(data)
