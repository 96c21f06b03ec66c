from __future__ import annotations

import msgspec
import pytest

from headgate.policies.blocks import ExceptionBlock, PiiBlock, WhenBlock


def test_an_exception_needs_a_reason_and_a_day() -> None:
    with pytest.raises(msgspec.ValidationError, match="reason"):
        msgspec.convert({"when": {}, "expires": "2099-01-01"}, ExceptionBlock)
    with pytest.raises(msgspec.ValidationError, match="expires"):
        msgspec.convert({"when": {}, "reason": "a study"}, ExceptionBlock)


def test_a_circumstance_is_one_word_or_several() -> None:
    assert msgspec.convert({"tool": "shell"}, WhenBlock).tool == "shell"
    assert msgspec.convert({"tool": ["shell", "sql"]}, WhenBlock).tool == ("shell", "sql")


def test_personal_data_is_masked_on_its_way_to_the_model_unless_said_otherwise() -> None:
    assert {PiiBlock().input, PiiBlock().tool_result, PiiBlock().document} == {"redact"}
