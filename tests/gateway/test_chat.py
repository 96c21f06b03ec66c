from __future__ import annotations

from .conftest import Server, Start
from ..upstream import Reply


def test_a_good_answer_passes_as_upstream_sent_it(server: Server) -> None:
    server.upstream.script = Reply(texts=["Water is wet."])
    raw = server.client().chat.completions.with_raw_response.create(
        model="m", messages=[{"role": "user", "content": "Is water wet?"}]
    )
    answer = raw.parse()
    assert answer.choices[0].message.content == "Water is wet."
    assert answer.id == "chatcmpl-up1"
    assert answer.system_fingerprint == "fp_1"
    assert answer.usage.total_tokens == 15
    assert raw.headers["x-headgate-verdict"] == "allow"
    print(dict(raw.headers))
