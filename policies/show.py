"""A policy printed as YAML: what it says, or all that is in force once what it extends is laid beneath it."""

from __future__ import annotations

import msgspec
import yaml

from .compiled import CompiledPolicy
from .schema import Document
from .yaml_tree import scalar


def show(policy: CompiledPolicy) -> str:
    """The effective policy as YAML with its cases; read again, it decides the same and has the same hash."""
    keys = [field.encode_name for field in msgspec.structs.fields(Document)]
    ordered = {key: policy.document[key] for key in keys if key in policy.document}
    return yaml.dump(
        ordered, Dumper=PolicyDumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=118
    )


class PolicyDumper(yaml.SafeDumper):
    """Quotes every text that our own rules for plain words would read as something else."""

    def ignore_aliases(self, data: object) -> bool:
        """Nothing is written as an alias of something else."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # YAML 1.1 counts these as line breaks and folds them away unless they are escaped.
    plain = scalar(text) == text and not set("\x85\u2028\u2029") & set(text)
    style = None if plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


PolicyDumper.add_representer(str, _text)
