"""From what a program or a configuration names to the classifiers that judge."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from .cascade import Cascade
from .classifier import Classifier
from .combine import Combined
from .errors import ConfigError, ModelUnavailable
from .guards.catalogue import MODULES, adapter
from .guards.spec import Adapter, Encoder, Generative, TokenLevel
from .guards.wire import Endpoint
from .judges import Entry, Judges, check_names
from .judges_file import is_judges_file, read_judges
from .merge import Rule
from .place import Place
from .registry import load, names

One: TypeAlias = Classifier | Entry | Mapping[str, Any] | str | Path
"""A classifier that is there, or what names one: an entry, its fields, or the name or folder of a model."""

NEEDS = {"onnx": ("path",), "kserve": ("path", "url"), "openai": ("url", "model")}
"""The fields that each way to run a guard needs."""

FUSED = "fused.json"
"""The file by which a folder is known to hold a guard that sees and reads together."""
ZERO_SHOT = "zero_shot.json"
"""The file by which a folder is known to hold two graphs, of images and of texts."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Named: TypeAlias = One | Judges | Sequence[One]


def assemble(given: Named | None = None) -> tuple[Classifier, ...]:
    """The classifiers, those that read the same kind of part made one; the embedded text model where None.

    The name of a YAML file stands for the classifiers that it names. Raises ConfigError for a bad entry and
    ModelUnavailable where one cannot load.
    """
    if given is None:
        return (load(),)
    if isinstance(given, (str, Path)) and is_judges_file(given):
        given = read_judges(given)
    if isinstance(given, Mapping) and "models" in given:
        judges: Judges = _converted(given, Judges)
        given = judges
    if isinstance(given, Judges):
        return _judges(given.checked())
    every = [given] if isinstance(given, (str, Path, Mapping, Entry, Classifier)) else list(given)
    parsed = [_converted(one, Entry) if isinstance(one, Mapping) else one for one in every]
    check_names([one for one in parsed if isinstance(one, Entry)])
    return joined([_one(one) for one in parsed], rule="max")


def joined(classifiers: Sequence[Classifier], *, rule: Rule) -> tuple[Classifier, ...]:
    """The classifiers with those that share a kind put under one rule; alone, each stays as it is."""
    groups: list[list[Classifier]] = []
    for classifier in classifiers:
        mine = [group for group in groups if any(classifier.kinds & other.kinds for other in group)]
        groups = [group for group in groups if group not in mine]
        groups.append([*(other for group in mine for other in group), classifier])
    return tuple(group[0] if len(group) == 1 else Combined(group, rule=rule) for group in groups)


def one(entry: Entry) -> Classifier:
    """The classifier of an entry; ConfigError names what it lacks, ModelUnavailable what cannot load."""
    check_entry(entry)
    if entry.use not in MODULES:
        return _visual(entry) if _sees(entry) else load(entry.path or entry.use, place=_place(entry))
    guard = adapter(entry.use)
    if _via(guard, entry) != "openai":
        return _exported(guard, entry, Path(entry.path or ""))
    assert isinstance(guard, Generative)
    return _served(guard, entry)


def check_entry(entry: Entry) -> None:
    """ConfigError where an entry names nothing, or lacks what its way to run needs; nothing is loaded."""
    if entry.use in MODULES:
        _check_guard(adapter(entry.use), entry)
        return
    if entry.use not in names() and not Path(entry.use).is_dir():
        near = ", ".join([*names(), *sorted(MODULES)])
        raise ConfigError(f"models: no model or guard {entry.use!r}; give a folder, or one of: {near}")
    if entry.via == "openai":
        raise ConfigError(f"models: {entry.use} does not speak OpenAI's protocol; leave via out, or write via: kserve")
    _check_url(entry)
    if entry.url is not None and entry.path is None and entry.use in names():
        raise ConfigError(
            f"models: {entry.use} via kserve needs path: what `headgate export {entry.use} --to triton` wrote"
        )


def _check_url(entry: Entry) -> None:
    if entry.via == "onnx" and entry.url is not None:
        raise ConfigError(f"models: {entry.label} via onnx runs in this process; leave url out, or write via: kserve")
    if entry.via == "kserve" and entry.url is None:
        raise ConfigError(f"models: {entry.label} via kserve needs url, such as http://triton:8000")


def _place(entry: Entry) -> Place:
    """This process, or the server of the entry's URL."""
    return Place(url=entry.url or "", token=_key(entry), timeout=entry.timeout, callers=entry.callers)


def _sees(entry: Entry) -> bool:
    return bool(entry.labels) or (Path(entry.path or entry.use) / FUSED).is_file()


def _visual(entry: Entry) -> Classifier:
    """A model that sees, by its labels: a folder of `headgate export`, or one of SigLIP or CLIP."""
    folder = Path(entry.path or entry.use)
    if not folder.is_dir():
        raise ModelUnavailable(f"models: {entry.label}: no folder {folder}")
    if entry.url is not None and any((folder / name).is_file() for name in (FUSED, ZERO_SHOT)):
        raise ConfigError(f"models: {entry.label} has several graphs and runs in this process; leave via and url out")
    if (folder / FUSED).is_file():
        from .fused import FusedGuard

        return FusedGuard.load(folder, name=entry.label)
    from .visual import VisualClassifier

    if (folder / ZERO_SHOT).is_file():
        from .zero_shot import ZeroShot

        return ZeroShot.load(folder, labels=entry.labels, name=entry.label)
    return VisualClassifier.load(folder, labels=entry.labels, name=entry.label, place=_place(entry))


def _judges(given: Judges) -> tuple[Classifier, ...]:
    by_label = {entry.label: one(entry) for entry in given.models}
    if given.cascade is not None:
        low, high = given.cascade.between
        first, then = by_label.pop(given.cascade.first), by_label.pop(given.cascade.then)
        both = Cascade(first, then, low=low, high=high)
        return joined([both, *by_label.values()], rule=given.combine)
    return joined(list(by_label.values()), rule=given.combine)


def _one(given: Classifier | Entry | str | Path) -> Classifier:
    if isinstance(given, Entry):
        return one(given)
    if not isinstance(given, (str, Path)):
        return given
    if str(given) in MODULES:
        return one(Entry(use=str(given)))
    return load(str(given))


def _via(guard: Adapter, entry: Entry) -> str:
    if entry.via is not None:
        return entry.via
    if entry.path is None and "openai" in guard.card.routes:
        return "openai"
    return "onnx" if entry.url is None else "kserve"


def _check_guard(guard: Adapter, entry: Entry) -> None:
    name, via = guard.card.name, _via(guard, entry)
    if ("onnx" if via == "kserve" else via) not in guard.card.routes:
        raise ConfigError(f"models: {name} cannot run via {via}, only via {' or '.join(guard.card.routes)}")
    _check_url(entry)
    missing = [field for field in NEEDS[via] if getattr(entry, field) is None]
    if missing:
        made = f"; path is what `headgate export {guard.card.checkpoint}` wrote" if "path" in missing else ""
        raise ConfigError(f"models: {name} via {via} needs {' and '.join(missing)}{made}")
    rendered = not isinstance(guard, Generative) or guard.rendered or _endpoint(guard, entry) == "chat"
    if via == "openai" and not rendered:
        raise ConfigError(f"models: {name} needs its server's chat template; write endpoint: chat")


def _endpoint(guard: Generative, entry: Entry) -> Endpoint:
    return entry.endpoint or ("chat" if guard.chat else "completions")


def _key(entry: Entry) -> str:
    """The key, taken from the environment where it is written as `${NAME}`."""
    named = _VARIABLE.fullmatch(entry.key or "")
    if named is None:
        return entry.key or ""
    if not (key := os.environ.get(named[1], "")):
        raise ConfigError(f"models: {entry.label}: the environment variable {named[1]} is not set")
    return key


def _exported(guard: Adapter, entry: Entry, folder: Path) -> Classifier:
    if not folder.is_dir():
        raise ModelUnavailable(f"models: {guard.card.name}: no folder {folder}")
    place = _place(entry)
    if isinstance(guard, Encoder):
        from .guards.encoder_judge import EncoderJudge

        return EncoderJudge.load(guard, folder, name=entry.label, place=place, threshold=entry.threshold)
    if isinstance(guard, TokenLevel):
        from .guards.token_judge import TokenJudge

        return TokenJudge.load(guard, folder, name=entry.label, place=place)
    from .guards.first_token import FirstToken
    from .guards.judge import GenerativeJudge

    runner = FirstToken.load(folder, words=guard.words, name=guard.card.name, place=place)
    return GenerativeJudge(guard, runner, name=entry.label, route="onnx", threshold=entry.threshold or 0.5)


def _served(guard: Generative, entry: Entry) -> Classifier:
    from .guards.judge import GenerativeJudge
    from .guards.remote import Remote, Server

    server = Server(
        url=entry.url or "",
        model=entry.model or "",
        key=_key(entry),
        timeout=entry.timeout,
        retries=entry.retries,
        callers=entry.callers,
        logprobs=entry.logprobs,
        endpoint=_endpoint(guard, entry),
    )
    return GenerativeJudge(guard, Remote(server), name=entry.label, threshold=entry.threshold or 0.5)


def _converted(given: Mapping[str, Any], kind: type[Any]) -> Any:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"models: {error}") from error
