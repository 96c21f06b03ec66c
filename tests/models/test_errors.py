import inspect
import pickle

import pytest

from headgate.models import errors
from headgate.models.errors import HeadgateError, InputError, NotJudged, UpstreamError

TREE = [found for _, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, Exception)]


def test_every_error_hangs_on_one_root():
    assert all(issubclass(found, HeadgateError) for found in TREE)


def test_every_error_of_the_file_is_drawn_at_its_top():
    drawn = errors.__doc__ or ""
    assert [
        found.__name__ for found in TREE if found.__module__ == errors.__name__ and found.__name__ not in drawn
    ] == []


def test_every_way_of_not_judging_has_a_reason_of_its_own():
    kinds = [found for found in TREE if issubclass(found, NotJudged)]
    assert len({found.reason for found in kinds}) == len(kinds)


@pytest.mark.parametrize("kind", [found for found in TREE if issubclass(found, NotJudged)])
def test_a_way_of_not_judging_survives_the_way_between_processes(kind: type[NotJudged]):
    assert pickle.loads(pickle.dumps(kind("why"))).args == ("why",)


def test_an_input_error_names_its_field_and_an_upstream_error_its_status():
    assert InputError("wrong", param="messages[0]").param == "messages[0]"
    assert UpstreamError("down", status=503).status == 503
