import sys

import pytest

from headgate.models.errors import ConfigError
from headgate.models.guards.catalogue import MODULES, adapter, cards


def test_every_guard_has_a_card_by_its_name():
    assert [card.name for card in cards()] == sorted(MODULES)


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(ConfigError, match="llama-guard-3-8b"):
        adapter("llama-guard-3-8")


def test_an_adapter_is_imported_when_it_is_asked_for():
    adapter("toxic-bert")
    assert "headgate.models.guards.toxic_bert" in sys.modules
