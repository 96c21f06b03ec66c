"""The KServe v2 client against a real server: both forms of a tensor, and every way in which a server can fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from headgate.models.errors import ConfigError, DeadlineExceeded, InferenceFailed, ModelUnavailable
from headgate.models.exported import Axes
from headgate.models.run_remote import KServeRuntime

from .v2_server import V2Server, serving

INPUTS = tuple(Axes(name=name, dtype="int64", shape=("batch", "sequence")) for name in ("input_ids", "attention_mask"))
ROWS = [[3, 4, 5], [6, 7, 8, 9, 10]]
TYPES = [[0] * len(row) for row in ROWS]


def sums(feeds: dict[str, np.ndarray]) -> np.ndarray:
    """Sum and count of each row's tokens, padding left out: what every batch and padding must agree on."""
    mask = feeds["attention_mask"]
    return np.stack([(feeds["input_ids"] * mask).sum(1), mask.sum(1)], axis=1).astype(np.float32)


@pytest.fixture
def server() -> Iterator[V2Server]:
    with serving(sums, inputs=("input_ids", "attention_mask")) as made:
        yield made


def client(server: V2Server, **given: object) -> KServeRuntime:
    return KServeRuntime(server.url, model="tiny", inputs=INPUTS, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("binary", [True, False])
def test_rows_come_back_in_order_whatever_the_form_of_the_tensors(server: V2Server, binary: bool) -> None:
    runtime = client(server, binary=binary)
    runtime.ready()
    assert runtime.run(ROWS, TYPES).tolist() == [[12.0, 3.0], [40.0, 5.0]]
    assert ("data" in server.asked[0]["inputs"][0]) is not binary


@pytest.mark.parametrize(
    ("extensions", "binary"), [(("binary_tensor_data",), True), (("model_repository",), False), (None, False)]
)
def test_tensors_go_as_json_where_the_server_does_not_say_that_it_reads_others(
    server: V2Server, extensions: tuple[str, ...] | None, binary: bool
) -> None:
    server.extensions = extensions
    runtime = client(server)
    for _ in range(2):
        assert runtime.run(ROWS, TYPES).tolist() == [[12.0, 3.0], [40.0, 5.0]]
    assert ["data" in asked["inputs"][0] for asked in server.asked] == [not binary] * 2
    assert server.described == (0 if extensions is None else 1)


def test_a_server_that_fails_to_describe_itself_is_asked_again(server: V2Server) -> None:
    runtime = client(server)
    server.described_status = 503
    with pytest.raises(InferenceFailed, match="503"):
        runtime.run(ROWS, TYPES)
    server.described_status = 200
    runtime.run(ROWS, TYPES)
    assert "data" not in server.asked[0]["inputs"][0]


@pytest.mark.parametrize("columns", [1, 3, 40])
def test_another_number_of_columns_is_a_failed_inference(server: V2Server, columns: int) -> None:
    server.model = lambda feeds: np.zeros((len(feeds["input_ids"]), columns))
    with pytest.raises(InferenceFailed, match=f"{columns} logits a row; the model has 2"):
        client(server, columns=2).run(ROWS, TYPES)


def test_answers_that_do_not_fit_together_are_a_failed_inference(server: V2Server) -> None:
    widths = iter((1, 2))
    server.model = lambda feeds: np.zeros((len(feeds["input_ids"]), next(widths)))
    with pytest.raises(InferenceFailed, match="fit together"):
        client(server, rows=1).run(ROWS, TYPES)


def test_a_graph_that_scores_every_token_of_a_row_is_asked_once(server: V2Server) -> None:
    server.model = lambda feeds: feeds["input_ids"].T
    ids = np.arange(40, dtype=np.int64)[np.newaxis]
    found = client(server).feed({"input_ids": ids, "attention_mask": np.ones_like(ids)}, rows=40)
    assert found[:, 0].tolist() == list(range(40))
    assert len(server.asked) == 1


def test_rows_are_padded_to_a_length_that_others_share(server: V2Server) -> None:
    client(server).run(ROWS, TYPES)
    assert server.shapes == [[2, 16], [2, 16]]


def test_more_rows_than_the_server_takes_go_in_several_requests(server: V2Server) -> None:
    found = client(server, rows=2).run([[at] for at in range(1, 6)], [[0]] * 5)
    assert found[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert len(server.asked) == 3


def test_no_rows_are_no_request(server: V2Server) -> None:
    assert client(server).run([], []).shape[0] == 0
    assert server.asked == []


def test_a_token_goes_as_a_bearer(server: V2Server) -> None:
    client(server, token="secret").run(ROWS, TYPES)
    assert server.asked[0]["authorization"] == "Bearer secret"


def test_a_connection_that_the_server_closed_is_made_anew(server: V2Server) -> None:
    runtime = client(server)
    runtime.run(ROWS, TYPES)
    server.hang_up = True
    assert runtime.run(ROWS, TYPES).tolist() == [[12.0, 3.0], [40.0, 5.0]]


def test_callers_on_several_threads_do_not_get_each_others_rows(server: V2Server) -> None:
    runtime = client(server)
    found: dict[int, float] = {}

    def ask(number: int) -> None:
        found[number] = float(runtime.run([[number]], [[0]])[0, 0])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: float(number) for number in range(1, 9)}


def test_a_server_that_does_not_answer_in_time_is_a_deadline(server: V2Server) -> None:
    server.gate.clear()
    with pytest.raises(DeadlineExceeded):
        client(server, timeout=0.2).run(ROWS, TYPES)


def test_an_error_of_the_server_is_a_failed_inference_in_its_words(server: V2Server) -> None:
    server.status = 500
    with pytest.raises(InferenceFailed, match="500: out of memory"):
        client(server).run(ROWS, TYPES)


def test_a_server_that_is_gone_is_a_failed_inference() -> None:
    with serving(sums) as server:
        url = server.url
    with pytest.raises(InferenceFailed, match="no answer"):
        KServeRuntime(url, model="tiny", inputs=INPUTS).run(ROWS, TYPES)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data, header: (data[:-4], header),
        lambda data, header: (data, "999999"),
        lambda data, header: (data, "ten"),
        lambda data, header: (b"<html>", None),
        lambda data, header: (b'{"outputs": []}', None),
        lambda data, header: (
            b'{"outputs": [{"name": "logits", "datatype": "FP32", "shape": [2, 2], '
            b'"parameters": {"binary_data_size": "all"}}]}', None
        ),
        lambda data, header: (
            b'{"outputs": [{"name": "logits", "datatype": "BYTES", "shape": [2, 2], "data": ["a"]}]}', None
        ),
        lambda data, header: (
            b'{"outputs": [{"name": "logits", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}', None
        ),
        lambda data, header: (
            b'{"outputs": [{"name": "logits", "datatype": "FP32", "shape": [2, 1], "data": [null, 2]}]}', None
        ),
    ],
)  # fmt: skip
def test_nonsense_is_a_failed_inference_and_never_a_score(server: V2Server, spoil: object) -> None:
    server.spoil = spoil  # type: ignore[assignment]
    with pytest.raises(InferenceFailed):
        client(server).run(ROWS, TYPES)


def test_a_model_that_is_not_served_or_reads_something_else_is_unavailable(server: V2Server) -> None:
    server.inputs = ("pixel_values",)
    with pytest.raises(ModelUnavailable, match="reads pixel_values"):
        client(server).ready()
    server.ready = False
    with pytest.raises(ModelUnavailable, match="503"):
        client(server).ready()
    with pytest.raises(ModelUnavailable, match="no such model"):
        KServeRuntime(server.url, model="other", inputs=INPUTS).ready()


def test_a_url_that_is_none_is_told_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match="http://host:8000"):
        KServeRuntime("localhost:8000", model="tiny", inputs=INPUTS)
