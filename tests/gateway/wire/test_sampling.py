from __future__ import annotations

import pytest

from headgate.gateway.wire.sampling import bounded
from headgate.models.errors import InputError


def test_a_value_over_its_bound_is_lowered_and_another_stays() -> None:
    body = {"temperature": 2, "top_k": 5, "seed": 1}
    assert bounded(body, {"temperature": 1.2, "top_k": 10, "top_p": None}) == {
        "temperature": 1.2,
        "top_k": 5,
        "seed": 1,
    }
    assert body["temperature"] == 2


def test_a_default_over_the_bound_is_set() -> None:
    assert bounded({}, {"temperature": 0.5, "top_k": 3}) == {"temperature": 0.5}
    assert bounded({}, {"temperature": 1.2}) == {}


@pytest.mark.parametrize("value", ["hot", True, []])
def test_what_is_no_number_is_named_with_its_place(value: object) -> None:
    with pytest.raises(InputError, match=r"options\.temperature") as caught:
        bounded({"temperature": value}, {"temperature": 1.0}, where="options")
    assert caught.value.param == "options.temperature"
