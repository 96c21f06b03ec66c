"""Rules, exceptions, lists, own categories and PII from their blocks to the form that runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import UNSET, UnsetType

from ..models.assessment import Severity
from .blocks import CustomBlock, ExceptionBlock, ListBlock, PiiBlock, RuleBlock, WhenBlock
from .effective import OVERLAYS
from .listed import Custom, Excuse, Pii, Rule, When, WordList
from .schema import DIRECTIONS
from .seek.entries import digest_of
from .tree import Entry, Fields, Node, Scalar, entries, entry, get, plain, text
from .verdict import Action


def rules(blocks: Mapping[str, RuleBlock | None]) -> tuple[Rule, ...]:
    """Rules by their names; one that a nearer policy sets to null is gone."""
    return tuple(
        Rule(name=name, when=_when(one.when), action=Action(one.action))
        for name, one in sorted(blocks.items())
        if one is not None
    )


def exceptions(blocks: Mapping[str, ExceptionBlock | None]) -> tuple[Excuse, ...]:
    """Exceptions by their names."""
    return tuple(
        Excuse(name=name, when=_when(one.when), action=Action(one.action), reason=one.reason, expires=one.expires)
        for name, one in sorted(blocks.items())
        if one is not None
    )


def lists(root: Fields, blocks: Mapping[str, ListBlock | None]) -> tuple[WordList, ...]:
    """Lists by their names; a file is looked for beside the policy that names it, and known by its digest."""
    found = []
    for name, one in sorted(blocks.items()):
        if one is None:
            continue
        path = list_file(get(root, "lists", name, "file"))
        found.append(
            WordList(
                name=name,
                words=one.words,
                regex=one.regex,
                file="" if path is None else str(path),
                digest="" if path is None else digest_of(path.read_bytes()),
                allow=one.allow,
                action=None if one.action is UNSET else Action(one.action),
                category=one.category,
                severity=int(Severity[one.severity.upper()]),
                directions=_words(one.direction),
                whole_words=one.whole_words,
                ignore_case=one.ignore_case,
            )
        )
    return tuple(found)


def custom(blocks: Mapping[str, CustomBlock | None]) -> tuple[Custom, ...]:
    """Own categories by their names."""
    return tuple(
        Custom(
            name=name,
            examples=one.examples if one.description is UNSET else (*one.examples, one.description),
            counterexamples=one.counterexamples,
            by=one.by,
            threshold=None if one.threshold is UNSET else float(one.threshold),
            action=None if one.action is UNSET else Action(one.action),
            category=one.category,
            severity=int(Severity[one.severity.upper()]),
            directions=_words(one.direction),
        )
        for name, one in sorted(blocks.items())
        if one is not None
    )


def pii(block: PiiBlock | None) -> Pii | None:
    """What is done about personal data; None where nobody looks for it."""
    if block is None or not block.kinds:
        return None
    return Pii(
        kinds=tuple(dict.fromkeys(block.kinds)),
        actions={direction: Action(getattr(block, direction)) for direction in DIRECTIONS},
        region=block.region,
        restore=block.restore,
    )


def list_file(node: Node | None) -> Path | None:
    """The path that a list's `file` means: beside the policy in which it stands."""
    name = text(node)
    return None if node is None or name is None else (Path(node.mark.file).parent / name).absolute()


def own_document(root: Fields, name: str) -> dict[str, object]:
    """The effective policy as plain values, with the paths of lists made whole so that it can be read from anywhere."""
    kept = tuple(_with_paths(item) for item in root.entries if item.key != "extends")
    tree = plain(Fields(root.mark, kept))
    assert isinstance(tree, dict)
    return {**tree, "name": name}


def _with_paths(item: Entry) -> Entry:
    if item.key in OVERLAYS:
        overlays = (_replaced(one, tuple(_with_paths(inner) for inner in entries(one.value))) for one in _own(item))
        return _replaced(item, tuple(overlays))
    return _replaced(item, tuple(_with_path(one) for one in _own(item))) if item.key == "lists" else item


def _with_path(item: Entry) -> Entry:
    found = entry(item.value, "file")
    path = list_file(found.value) if found else None
    if found is None or path is None:
        return item
    whole = Entry(found.mark, found.key, Scalar(found.value.mark, str(path)))
    return _replaced(item, tuple(whole if inner is found else inner for inner in entries(item.value)))


def _own(item: Entry) -> tuple[Entry, ...]:
    return entries(item.value)


def _replaced(item: Entry, inner: tuple[Entry, ...]) -> Entry:
    return Entry(item.mark, item.key, Fields(item.value.mark, inner)) if isinstance(item.value, Fields) else item


def _when(block: WhenBlock) -> When:
    return When(
        tenant=_words(block.tenant),
        route=_words(block.route),
        model=_words(block.model),
        language=tuple(word.lower() for word in _words(block.language)),
        tool=_words(block.tool),
        category=_words(block.category),
        severity=0 if block.severity is UNSET else int(Severity[block.severity.upper()]),
        direction=_words(block.direction),
        kind=_words(block.kind),
        purpose=_words(block.purpose),
        strikes=0.0 if block.strikes is UNSET else float(block.strikes),
    )


def _words(given: str | tuple[str, ...] | UnsetType) -> tuple[str, ...]:
    if given is UNSET:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)
