"""headgate.yaml: read with line and column, every fault at once, references to the environment filled in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Set
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_type_hints

import msgspec
from msgspec import UNSET, UnsetType

from ..models.errors import ConfigError
from ..models.judges_file import placed
from ..policies.diagnostics import Diagnostic, Mark, error, errors, ordered, render_all, suggest
from ..policies.load import packs
from ..policies.shape import Misfit, misfits
from ..policies.tree import Entry, Fields, Items, Node, Scalar, plain
from ..policies.validate import validate
from ..policies.yaml_tree import MAX_BYTES, parse_yaml, scalar
from .config import OFF, Settings, check_value
from .interpolate import filled
from .model_settings import entry_fault, models_fault
from .unjudged_routes import parse_unjudged
from .upstream_settings import RouteSettings, UpstreamSettings, check_routes, check_upstream

PATHS: Final = ("policy", "model", "record", "keys")
"""Fields that may be paths; relative ones start at the file's folder."""


class SettingsError(ConfigError):
    """A file of settings cannot be used; `diagnostics` lists every fault and the message renders them all."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__(render_all(diagnostics))


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as read: the values of the fields that it sets, and what is wrong with it."""

    values: dict[str, Any]
    diagnostics: tuple[Diagnostic, ...] = ()


def load_values(path: str | Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The fields that the file sets, by name; SettingsError lists every fault with its line."""
    found = read_file(path, environment)
    if errors(found.diagnostics):
        raise SettingsError(found.diagnostics)
    return found.values


def read_file(path: str | Path, environment: Mapping[str, str] = os.environ) -> SettingsFile:
    """The file with its faults; nothing is raised. Values are empty where there is a fault."""
    label = str(path)
    try:
        with Path(path).open("rb") as handle:
            text = handle.read(MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as failure:
        return _unread(label, f"cannot be read: {failure.strerror or failure}")
    except UnicodeDecodeError as failure:
        return _unread(label, f"is not UTF-8 at byte {failure.start}")
    return read_text(text, file=label, environment=environment)


def read_text(text: str, *, file: str, environment: Mapping[str, str] = os.environ) -> SettingsFile:
    """The same for a text; `file` names it in faults, and relative paths start at its folder."""
    parsed = parse_yaml(text, file=file, what="configuration")
    given = filled(parsed.root, environment)
    root = _typed(given.root, given.places)
    found = [*parsed.faults, *given.faults]
    wrong = {Mark(fault.file, fault.line, fault.column, fault.width) for fault in given.faults}
    if root.entries or not found:
        found += _shape_faults(root, wrong)
    found += _value_faults(root, wrong)
    found += _upstream_faults(root, wrong)
    found += _unjudged_faults(root, wrong)
    found += _model_faults(root, wrong)
    diagnostics = tuple(ordered(found, texts={file: text}))
    if errors(diagnostics):
        return SettingsFile(values={}, diagnostics=diagnostics)
    return SettingsFile(values=_values(root, Path(file).parent), diagnostics=diagnostics)


def check_file(path: str | Path, environment: Mapping[str, str] = os.environ) -> list[Diagnostic]:
    """Every fault of a file and of the policy that it names, without running anything; none where all is sound."""
    found = read_file(path, environment)
    policy = found.values.get("policy", OFF)
    return [*found.diagnostics, *(validate(policy) if policy != OFF else ())]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of headgate.yaml, for editors."""
    schema = msgspec.json.schema(_document())
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Headgate configuration", **schema}
    return msgspec.json.decode(msgspec.json.encode(whole), type=dict[str, Any])


@cache
def _document() -> type[msgspec.Struct]:
    """The settings as a file holds them: every field may be left out, a version stands at its head."""
    hints = get_type_hints(Settings, include_extras=True)
    fields: list[Any] = [("version", Literal[1])]
    defaults = {field.name: field for field in msgspec.structs.fields(Settings)}
    for name, kind in hints.items():
        if name not in defaults:
            continue
        default = defaults[name].default
        fields.append((name, kind, default) if default is not msgspec.NODEFAULT else (name, kind | UnsetType, UNSET))
    return msgspec.defstruct("Configuration", fields, kw_only=True, frozen=True, forbid_unknown_fields=True)


def _typed(root: Fields, places: Set[Mark]) -> Fields:
    """The tree with a filled-in word read as a number or a boolean where its key takes no text."""
    wanted = {misfit.mark for misfit in misfits(root, _document()) if misfit.kind == "type"} & places
    retyped = _retyped(root, wanted)
    assert isinstance(retyped, Fields)
    return retyped


def _retyped(node: Node, wanted: Set[Mark]) -> Node:
    match node:
        case Fields():
            return Fields(node.mark, tuple(Entry(e.mark, e.key, _retyped(e.value, wanted)) for e in node.entries))
        case Items():
            return Items(node.mark, tuple(_retyped(item, wanted) for item in node.items))
        case Scalar(value=str() as value) if node.mark in wanted:
            return Scalar(node.mark, scalar(value))
    return node


def _shape_faults(root: Fields, known: Set[Mark]) -> Iterator[Diagnostic]:
    for misfit in misfits(root, _document()):
        if misfit.mark not in known or misfit.kind in ("key", "missing"):
            yield _fault(misfit)


def _fault(misfit: Misfit) -> Diagnostic:
    match misfit.kind:
        case "key":
            where = f" in {misfit.where}" if misfit.path else ""
            hint = suggest(misfit.name, misfit.valid)
            return error(misfit.mark, "unknown-key", f"unknown key {misfit.name!r}{where}", hint=hint)
        case "missing":
            hint = "write `version: 1`" if misfit.wanted == "version" else ""
            message = f"{misfit.where or 'the configuration'} lacks {misfit.wanted!r}"
            return error(misfit.mark, "missing-key", message, hint=hint)
        case "choice":
            hint = suggest(misfit.name, misfit.valid)
            return error(misfit.mark, "unknown-choice", f"{misfit.where} cannot be {misfit.name!r}", hint=hint)
    return error(misfit.mark, "wrong-type", f"{misfit.where} takes {misfit.wanted}, not {misfit.found}")


def _value_faults(root: Fields, known: Set[Mark]) -> Iterator[Diagnostic]:
    """Values of the right type that cannot be: out of bounds, no URL, no policy of that name."""
    unfit = {misfit.mark for misfit in misfits(root, _document())} | known
    for item in root.entries:
        if item.value.mark in unfit or item.mark in unfit or isinstance(item.value, Fields):
            continue
        if isinstance(item.value, Items) and any(one.mark in unfit for one in item.value.items):
            continue
        value = plain(item.value)
        try:
            check_value(item.key, tuple(value) if isinstance(value, list) else value)
        except ConfigError as fault:
            yield error(item.value.mark, "bad-value", str(fault))


def _upstream_faults(root: Fields, known: Set[Mark]) -> Iterator[Diagnostic]:
    """Upstreams that cannot be, each at its own place, and routes that lead nowhere."""
    if known or next(misfits(root, _document()), None) is not None:
        return
    items = {item.key: item for item in root.entries}
    upstreams: dict[str, UpstreamSettings] = {}
    for item in _entries(items.get("upstreams")):
        try:
            upstreams[item.key] = msgspec.convert(plain(item.value), UpstreamSettings)
            check_upstream(item.key, upstreams[item.key])
        except msgspec.ValidationError as fault:
            yield error(item.mark, "bad-value", f"upstreams.{item.key}: {fault}")
        except ConfigError as fault:
            yield error(item.mark, "bad-value", str(fault))
    names = {item.key for item in _entries(items.get("upstreams"))}
    if ("upstreams" not in items and "routes" not in items) or len(upstreams) < len(names):
        return
    where = items.get("routes") or items["upstreams"]
    try:
        routes = msgspec.convert(plain(items["routes"].value), tuple[RouteSettings, ...]) if "routes" in items else ()
        check_routes(upstreams, routes)
    except (msgspec.ValidationError, ConfigError) as fault:
        yield error(where.mark, "bad-value", str(fault))
    if "upstream" in items and upstreams:
        yield error(items["upstream"].mark, "bad-value", "upstreams stand beside upstream: write one of them")


def _model_faults(root: Fields, known: Set[Mark]) -> Iterator[Diagnostic]:
    """Models that cannot be, each at its own place, and names that do not fit together."""
    if known or next(misfits(root, _document()), None) is not None:
        return
    given = {item.key: item for item in root.entries if item.key in ("model", "models", "combine", "cascade")}
    listed = given["models"].value if "models" in given else None
    for node in listed.items if isinstance(listed, Items) else ():
        if fault := entry_fault(plain(node)):
            yield error(node.mark, "bad-value", fault)
            return
    if fault := models_fault({key: plain(item.value) for key, item in given.items()}):
        yield error(next(iter(given.values())).mark, "bad-value", fault)


def _unjudged_faults(root: Fields, known: Set[Mark]) -> Iterator[Diagnostic]:
    """Routes that cannot be passed on, or whose upstream nobody knows."""
    items = {item.key: item for item in root.entries}
    item = items.get("unjudged_routes")
    if item is None or known or next(misfits(root, _document()), None) is not None:
        return
    upstreams = {entry.key: _upstream(plain(entry.value)) for entry in _entries(items.get("upstreams"))}
    given = {"url": items.get("upstream"), "kind": items.get("upstream_kind")}
    only = _upstream({key: plain(entry.value) for key, entry in given.items() if entry is not None})
    try:
        parse_unjudged(msgspec.convert(plain(item.value), tuple[str, ...]), upstreams, only=only)
    except ConfigError as fault:
        yield error(item.mark, "bad-value", str(fault))


def _upstream(value: Any) -> UpstreamSettings:
    """An upstream of the file, or one anywhere where it cannot be: that is told at its own place."""
    try:
        found = msgspec.convert(value, UpstreamSettings)
        check_upstream("upstream", found)
    except (msgspec.ValidationError, ConfigError):
        return UpstreamSettings(url="http://localhost")
    return found


def _entries(item: Entry | None) -> tuple[Entry, ...]:
    return item.value.entries if item is not None and isinstance(item.value, Fields) else ()


def _values(root: Fields, folder: Path) -> dict[str, Any]:
    document = msgspec.convert(plain(root), _document())
    given = {item.key for item in root.entries} - {"version"}
    values = {name: value for name, value in msgspec.structs.asdict(document).items() if name in given}
    return {name: _placed(name, value, folder) for name, value in values.items()}


def _placed(name: str, value: Any, folder: Path) -> Any:
    """A relative path made to start at the file's folder; names of policies and models stay."""
    if name == "models":
        return placed(value, folder)
    if name not in PATHS or not isinstance(value, str) or value in ("-", OFF, *packs()) or Path(value).is_absolute():
        return value
    there = folder / value
    return str(there) if name in ("record", "keys") or there.exists() else value


def _unread(label: str, reason: str) -> SettingsFile:
    fault = error(Mark(label), "unreadable", f"the configuration {reason}")
    return SettingsFile(values={}, diagnostics=(fault,))
