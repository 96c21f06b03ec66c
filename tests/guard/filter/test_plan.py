from __future__ import annotations

import pickle

import msgspec

from headgate.guard.filter.plan import Plan, Upstream
from headgate.guard.filter.where import conditions


def test_a_plan_travels_as_it_is() -> None:
    upstream = Upstream(url="http://localhost/v1", model="m")
    plan = Plan(folder="s3://bucket/out", where=conditions(["a=b"]), thresholds={"web": 0.5}, upstream=upstream)
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
