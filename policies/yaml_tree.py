"""YAML text to a tree with line and column; bounded in size, depth and nodes, and never a Python object."""

from __future__ import annotations

import re

import msgspec
import yaml

from .diagnostics import Diagnostic, Mark, error
from .tree import Entry, Fields, Items, Node, Scalar, Value

MAX_BYTES = 256 * 1024
MAX_DEPTH = 24
MAX_NODES = 20_000

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Value] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Parsed(msgspec.Struct, frozen=True):
    """A parsed text: its root (an empty mapping where nothing could be read) and the faults met."""

    root: Fields
    faults: tuple[Diagnostic, ...] = ()


class _Stop(Exception):
    """Reading cannot go on; carries the fault."""

    def __init__(self, fault: Diagnostic) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Frame(msgspec.Struct):
    """A list or mapping that is still open; for a mapping `children` alternates keys and values."""

    mark: Mark
    mapping: bool
    anchor: str | None
    children: list[Node]


def parse_yaml(text: str, *, file: str, what: str = "policy") -> Parsed:
    """The tree of a text; every fault is reported, and none is raised. `what` is the kind of file in their words."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return _nothing(file, error(Mark(file), "too-large", f"the {what} is larger than {MAX_BYTES // 1024} KiB"))
    builder = _Builder(file, what)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.feed(event)
    except _Stop as stop:
        return _nothing(file, *builder.faults, stop.fault)
    except yaml.MarkedYAMLError as failure:
        return _nothing(file, *builder.faults, _syntax(failure, file))
    except (ValueError, OverflowError):
        # PyYAML hands an escape such as "\\UFFFFFFFF" to chr() as it is.
        return _nothing(file, *builder.faults, error(Mark(file), "syntax", "not YAML: an escape that is no character"))
    except yaml.reader.ReaderError as failure:
        return _nothing(file, _unreadable(failure, text, file))
    return builder.result()


class _Anchored(msgspec.Struct, frozen=True):
    """A node that aliases may name, with its unfolded size and depth."""

    node: Node
    nodes: int
    depth: int


class _Builder:
    """Builds the tree from parser events with a stack of its own, so that no nesting can exhaust Python's."""

    def __init__(self, file: str, what: str) -> None:
        self.file = file
        self.what = what
        self.faults: list[Diagnostic] = []
        self.stack: list[_Frame] = []
        self.anchors: dict[str, _Anchored] = {}
        self.root: Node | None = None
        self.nodes = 0

    def feed(self, event: yaml.Event) -> None:
        """Takes one event in; raises _Stop where reading cannot go on."""
        match event:
            case yaml.ScalarEvent():
                self._add(Scalar(self._mark(event), self._value(event)), event.anchor)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.DocumentStartEvent() if self.root is not None:
                raise _Stop(error(self._mark(event), "syntax", f"a {self.what} file holds one YAML document"))

    def result(self) -> Parsed:
        """The tree once all events are in."""
        if self.root is None:
            self.faults.append(
                error(Mark(self.file), "empty", f"the {self.what} is empty", hint="start with `version: 1`")
            )
        elif not isinstance(self.root, Fields):
            self.faults.append(error(self.root.mark, "wrong-type", f"a {self.what} is a mapping of keys to values"))
        root = self.root if isinstance(self.root, Fields) else Fields(Mark(self.file))
        return Parsed(root, tuple(self.faults))

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise _Stop(error(self._mark(event), "too-deep", f"nested deeper than {MAX_DEPTH} levels"))
        if event.tag not in (None, "!"):
            raise _Stop(_tagged(self._mark(event), event.tag))
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Frame(self._mark(event), is_mapping, event.anchor, []))

    def _close(self) -> None:
        frame = self.stack.pop()
        node: Node = self._fields(frame) if frame.mapping else Items(frame.mark, tuple(frame.children))
        self._add(node, frame.anchor)

    def _add(self, node: Node, anchor: str | None, *, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise _Stop(error(node.mark, "too-large", f"more than {MAX_NODES} values, aliases unfolded"))
        if anchor:
            self.anchors[anchor] = _Anchored(node, _size(node), _depth(node))
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchored = self.anchors.get(event.anchor or "")
        if anchored is None:
            # Also what an alias inside its own anchor meets, so that the tree has no cycle.
            raise _Stop(error(self._mark(event), "syntax", f"alias *{event.anchor} stands before its anchor is whole"))
        if len(self.stack) + anchored.depth > MAX_DEPTH:
            raise _Stop(error(self._mark(event), "too-deep", f"nested deeper than {MAX_DEPTH} levels"))
        # It counts as often as it is used, or nine lines of aliases would unfold to a billion nodes.
        self._add(anchored.node, None, nodes=anchored.nodes)

    def _fields(self, frame: _Frame) -> Fields:
        found: dict[str, Entry] = {}
        merged: list[Entry] = []
        for key, value in zip(frame.children[::2], frame.children[1::2], strict=True):
            name = _key(key)
            if name == "<<" and isinstance(value, Fields):
                merged += value.entries
            elif name is None:
                self.faults.append(error(key.mark, "bad-key", "a key is a plain word"))
            elif name in found:
                first = found[name].mark.line
                self.faults.append(
                    error(key.mark, "duplicate-key", f"{name!r} is given twice", hint=f"first on line {first}")
                )
            else:
                found[name] = Entry(key.mark, name, value)
        for item in merged:
            found.setdefault(item.key, item)
        return Fields(frame.mark, tuple(found.values()))

    def _value(self, event: yaml.ScalarEvent) -> Value:
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            raise _Stop(_tagged(self._mark(event), event.tag))
        is_plain = event.style is None and event.tag is None
        if is_plain or event.value.isascii():
            return scalar(event.value) if is_plain else event.value
        try:
            # JSON is YAML too, and writes one character as a pair of surrogates.
            return event.value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise _Stop(error(self._mark(event), "syntax", "half a character: a lone surrogate is no text")) from None

    def _mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return Mark(self.file)
        width = end.column - start.column if end.line == start.line else 1
        return Mark(self.file, start.line + 1, start.column + 1, max(1, width))


def scalar(word: str) -> Value:
    """The value of a plain word by YAML 1.2's core rules: `no` and `off` stay words, `1e-3` is a number."""
    if word in _WORDS:
        return _WORDS[word]
    if _INT.fullmatch(word):
        # Python refuses to read integers of thousands of digits; such a one is no setting of ours either.
        return int(word) if len(word) < 20 else word
    return float(word) if _FLOAT.fullmatch(word) else word


def _key(node: Node) -> str | None:
    if not isinstance(node, Scalar) or node.value is None:
        return None
    return node.value if isinstance(node.value, str) else str(node.value).lower()


def _size(node: Node) -> int:
    match node:
        case Fields():
            return 1 + sum(1 + _size(item.value) for item in node.entries)
        case Items():
            return 1 + sum(_size(item) for item in node.items)
        case Scalar():
            return 1


def _depth(node: Node) -> int:
    match node:
        case Fields():
            return 1 + max((_depth(item.value) for item in node.entries), default=0)
        case Items():
            return 1 + max((_depth(item) for item in node.items), default=0)
        case Scalar():
            return 0


def _tagged(mark: Mark, tag: str) -> Diagnostic:
    return error(mark, "syntax", f"tags such as {tag} are not read", hint="quote the value instead")


def _syntax(failure: yaml.MarkedYAMLError, file: str) -> Diagnostic:
    place = failure.problem_mark or failure.context_mark
    mark = Mark(file, place.line + 1, place.column + 1) if place else Mark(file)
    context = f" {failure.context}" if failure.context else ""
    return error(mark, "syntax", f"not YAML: {failure.problem or 'cannot be read'}{context}")


def _unreadable(failure: yaml.reader.ReaderError, text: str, file: str) -> Diagnostic:
    before = text[: failure.position]
    mark = Mark(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
    return error(mark, "syntax", "not YAML: a character that YAML does not allow")


def _nothing(file: str, *faults: Diagnostic) -> Parsed:
    return Parsed(Fields(Mark(file)), faults)
