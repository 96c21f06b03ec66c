"""The checks of a policy, one rule per file; all of them run, so that all faults are told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from ..diagnostics import Diagnostic, PolicyError, error, errors, ordered
from ..effective import merged
from ..schema import Document
from ..tree import Fields, Source, chain, plain
from . import (
    case_syntax,
    catastrophic_regex,
    category_floor,
    contradiction,
    conversation_block,
    expired_exception,
    falling_severity,
    lists_block,
    loosening_overlay,
    media_block,
    misplaced_action,
    missing_key,
    redundant,
    regenerate_block,
    rules_block,
    sampling_block,
    services_block,
    stream_block,
    strikes_block,
    texts,
    threshold_gap,
    threshold_range,
    unjudged_block,
    unknown_action,
    unknown_category,
    unknown_choice,
    unknown_key,
    unknown_severity,
    unreachable,
    unreachable_rule,
    wrong_type,
)

Check: TypeAlias = Callable[[Source], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    case_syntax.check,
    catastrophic_regex.check,
    category_floor.check,
    contradiction.check,
    conversation_block.check,
    expired_exception.check,
    falling_severity.check,
    lists_block.check,
    loosening_overlay.check,
    media_block.check,
    misplaced_action.check,
    missing_key.check,
    redundant.check,
    regenerate_block.check,
    rules_block.check,
    sampling_block.check,
    services_block.check,
    stream_block.check,
    strikes_block.check,
    texts.check,
    threshold_gap.check,
    threshold_range.check,
    unjudged_block.check,
    unknown_action.check,
    unknown_category.check,
    unknown_choice.check,
    unknown_key.check,
    unknown_severity.check,
    unreachable.check,
    unreachable_rule.check,
    wrong_type.check,
)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that passed every check, with all that it extends laid beneath it; made by `checked` alone."""

    file: str
    root: Fields
    document: Document
    warnings: tuple[Diagnostic, ...] = ()


def diagnose(source: Source) -> list[Diagnostic]:
    """Every fault of the source and of what it extends, in the order of files and lines."""
    found = [fault for part in chain(source) for fault in part.faults]
    parts = [source, *(part for part in chain(source) if not part.shipped)]
    found += [fault for part in parts for check in CHECKS for fault in check(part)]
    return ordered(found, texts={part.file: part.text for part in chain(source)})


def checked(source: Source) -> Checked:
    """The source as a policy that may be compiled; PolicyError lists every fault."""
    found = diagnose(source)
    if errors(found):
        raise PolicyError(found)
    root = merged(source)
    try:
        document = msgspec.convert(plain(root), Document)
    except msgspec.ValidationError as failure:
        # A backstop: what the checks let through and the schema does not must never become a policy.
        raise PolicyError([error(root.mark, "schema", str(failure))]) from failure
    return Checked(file=source.file, root=root, document=document, warnings=tuple(found))
