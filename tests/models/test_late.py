from __future__ import annotations

import subprocess
import sys

import pytest

import headgate
from headgate import policies
from headgate.models.late import late


def test_a_name_is_imported_when_it_is_asked_for() -> None:
    get = late("headgate.models", {"Text": "content", "Words": "content:Text"})
    assert get("Text") is get("Words")
    assert get("Text").__module__ == "headgate.models.content"


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nobody'"):
        headgate.nobody  # noqa: B018 - the look is the test
    assert not hasattr(policies, "nobody")


def test_a_function_stands_before_the_submodule_of_its_name() -> None:
    code = "import headgate.policies.decide as d, headgate.policies as p; print(p.decide.__name__, callable(p.decide))"
    found = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "decide True\n"


def test_every_name_of_the_packages_is_found() -> None:
    assert all(hasattr(package, name) for package in (headgate, policies) for name in package.__all__)


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    code = "import sys, headgate.guard.cli; print(*(name for name in sys.modules if name.startswith('headgate.')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"headgate.guard.guard", "headgate.policies.compile", "headgate.guard.commands.check"} & set(found)
