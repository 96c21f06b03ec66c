"""What the documents say is so: policies in them are sound, commands and links exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from headgate.__main__ import cli
from headgate.policies import parse_policy

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def test_policies_in_the_documents_are_sound() -> None:
    (first, second) = _blocks(ROOT / "docs" / "policy.md", "yaml")
    assert parse_policy(first).name == "mine"
    assert parse_policy(first + second).regenerate.rounds == 5


@pytest.mark.parametrize("page", ["conversations.md", "policy-language.md", "strategies.md"])
def test_every_policy_in_these_documents_is_sound(page: str) -> None:
    blocks = _blocks(ROOT / "docs" / page, "yaml")
    assert blocks
    for block in blocks:
        parse_policy(block)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_documents_exist_with_their_options(page: Path) -> None:
    for line in re.findall(r"^headgate (.*?)(?:#.*)?$", "\n".join(_blocks(page, "sh")), re.MULTILINE):
        command: click.Command = cli
        words = line.split()
        while isinstance(command, click.Group):
            assert words, line
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        given = {word.strip("[]").split("=")[0] for word in words if word.strip("[]").startswith("-")} - {"-"}
        assert given <= known, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_shows_the_demo_early() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    assert next(number for number, line in enumerate(lines, start=1) if "make demo" in line) <= 30
