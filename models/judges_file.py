"""A file that says which classifiers judge: the keys `models`, `combine` and `cascade` of headgate.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from .errors import ConfigError
from .judges import Entry, Judges

SUFFIXES: Final = (".yaml", ".yml")
KEYS: Final = ("models", "combine", "cascade", "known")


def is_judges_file(name: str | Path) -> bool:
    """Whether a name is that of such a file, by its ending."""
    return Path(name).suffix in SUFFIXES


def read_judges(path: str | Path) -> Judges:
    """The classifiers that a file names, relative folders starting at its own; ConfigError says what is wrong.

    Other keys are left alone, so that headgate.yaml itself will do.
    """
    try:
        held = yaml.safe_load(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not YAML: {type(error).__name__}") from error
    if not isinstance(held, dict) or "models" not in held:
        raise ConfigError(f"{path}: names no models; write `models: [{{use: text}}]`")
    given: dict[str, Any] = {key: held[key] for key in KEYS if key in held}
    try:
        found = msgspec.convert(given, Judges)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error
    return msgspec.structs.replace(found, models=placed(found.models, Path(path).parent)).checked()


def placed(entries: tuple[Entry, ...], folder: Path) -> tuple[Entry, ...]:
    """The entries with relative folders made to start at `folder`; names of models and guards stay."""
    return tuple(
        msgspec.structs.replace(entry, use=_placed(entry.use, folder), path=_placed(entry.path, folder))
        for entry in entries
    )


def _placed(name: Any, folder: Path) -> Any:
    if not isinstance(name, str) or Path(name).is_absolute() or not (folder / name).is_dir():
        return name
    return str(folder / name)
