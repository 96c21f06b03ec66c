"""The command line: what needs no server. `headgate serve` joins this group in the gateway's room."""

from __future__ import annotations

import click

from .commands.audit import audit
from .commands.check import check
from .commands.evaluate import evaluate
from .commands.explain import explain
from .commands.filter import filter_
from .commands.keys import keys
from .commands.models import models
from .commands.policy import policy
from .commands.shared import Group
from .commands.tag import tag
from .commands.train import train


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headgate", message="headgate %(version)s")
def cli() -> None:
    """Safety moderation and guardrails ahead of any chat model."""


for _command in (check, explain, evaluate, filter_, tag, train, policy, models, audit, keys):
    cli.add_command(_command)
