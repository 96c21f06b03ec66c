from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from headgate.models.assessment import Unjudged
from headgate.models.fakes import FakeClassifier, scores

from .conftest import POLICY, RULES, Server, Start

PICTURE: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
TEXT_ONLY: frozenset[Any] = frozenset({"text"})


def words(text: str) -> Any:
    return {"type": "text", "text": text}


def test_the_official_client_reads_a_result_for_each_text(server: Server) -> None:
    answer = server.client().moderations.create(input=["Fine words.", "BAD words."], model="omni-moderation-latest")
    fine, bad = answer.results
    assert answer.id.startswith("modr-")
    assert answer.model == "fake@fake0000"
    assert not fine.flagged
    assert bad.flagged
    assert bad.categories.violence
    assert not bad.categories.hate
    assert bad.category_scores.violence == 0.95
    assert bad.category_applied_input_types.violence == ["text"]


def test_a_single_text_gives_a_single_result(server: Server) -> None:
    (one,) = server.client().moderations.create(input="SAD words.").results
    assert one.flagged
    assert one.categories.self_harm
    assert one.categories.self_harm_intent
    assert not one.categories.self_harm_instructions


def test_what_openai_has_no_word_for_stands_beside_it(server: Server) -> None:
    (one,) = server.client().moderations.create(input="BAD words.").results
    ours: Any = one.model_extra and one.model_extra["headgate"]
    assert ours["action"] == "guideline"
    assert ours["unsafe"] == 0.95
    assert ours["severity"] == 2
    assert ours["categories"]["violence"] == 0.95
    assert [(found["category"], found["part"]) for found in ours["findings"]] == [("violence", "input")]
    assert ours["judged"] == ["input"]
    assert ours["unjudged"] == []


def test_headers_and_the_record_speak_of_all_inputs_together(server: Server) -> None:
    raw = server.client().moderations.with_raw_response.create(input=["Fine.", "WORST.", "Fine too."])
    assert raw.headers["x-headgate-verdict"] == "refuse"
    assert raw.headers["x-headgate-policy"].startswith("test@")
    assert raw.headers["x-headgate-judged"] == "3"
    records = [server.record(number) for number in (1, 2, 3)]
    assert [record["verdict"]["action"] for record in records] == ["allow", "refuse", "allow"]
    assert {record["id"] for record in records} == {raw.headers["x-headgate-id"]}
    assert "WORST" not in json.dumps(records)


def test_parts_of_one_thing_are_answered_together_and_an_unread_image_is_said(start: Start) -> None:
    server = start(classifier=FakeClassifier(RULES, kinds=TEXT_ONLY))
    (one,) = server.client().moderations.create(input=[words("BAD words."), PICTURE]).results
    assert one.categories.violence
    assert one.category_applied_input_types.violence == ["text"]
    ours: Any = one.model_extra and one.model_extra["headgate"]
    assert ours["judged"] == ["input[0]"]
    assert ours["unjudged"] == [{"part": "input[1]", "reason": "no_classifier", "action": "flag"}]


def test_an_image_that_is_judged_is_an_applied_input_type(start: Start) -> None:
    server = start(classifier=FakeClassifier({"AAAA": scores(unsafe=0.9, categories={"violence": 0.9, "insult": 0.9})}))
    (one,) = server.client().moderations.create(input=[words("Look."), PICTURE]).results
    assert one.categories.violence
    assert one.category_applied_input_types.violence == ["text", "image"]
    assert one.category_applied_input_types.harassment == ["text"]


def test_where_nothing_may_pass_unjudged_an_unread_image_is_flagged(start: Start) -> None:
    server = start(POLICY + "on_unjudged: strict\n", classifier=FakeClassifier(RULES, kinds=TEXT_ONLY))
    (one,) = server.client().moderations.create(input=[words("Fine."), PICTURE]).results
    assert one.flagged
    assert one.category_applied_input_types.violence == ["text"]


def test_a_failed_model_is_an_error_and_not_a_clean_bill(server: Server) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        server.client().moderations.create(input=["Fine.", "RAISE"])
    assert caught.value.status_code == 503
    assert "secret" not in str(caught.value)


def test_who_is_open_on_errors_is_told_what_was_not_judged(start: Start) -> None:
    server = start(POLICY + "on_error: open\n")
    (one,) = server.client().moderations.create(input="RAISE").results
    assert not one.flagged
    ours: Any = one.model_extra and one.model_extra["headgate"]
    assert ours["unsafe"] is None
    assert ours["unjudged"][0]["reason"] == "inference_failed"
    assert one.category_applied_input_types.violence == []


def test_a_full_queue_says_when_to_come_back(start: Start) -> None:
    server = start(classifier=FakeClassifier(default=Unjudged(reason="overloaded")))
    raw = server.post({"input": "x"}, "/v1/moderations")
    assert raw.status == 503
    assert raw.headers["retry-after"] == "1"
    assert json.loads(raw.lines[0])["error"]["code"] == "overloaded"


def test_without_a_guard_nothing_is_called_clean(start: Start) -> None:
    raw = start("off").post({"input": "BAD"}, "/v1/moderations")
    assert raw.status == 503
    assert json.loads(raw.lines[0])["error"]["code"] == "no_guard"


def test_requests_are_counted_by_what_became_of_them(server: Server) -> None:
    server.client().moderations.create(input="Fine.")
    page = "\n".join(server.send("GET", "/metrics").lines)
    assert 'shape="moderations"' in page
