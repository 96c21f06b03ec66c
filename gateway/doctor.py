"""What is wrong with a set-up: one check a function, each with a remedy."""

from __future__ import annotations

import http.client
import importlib.metadata
import importlib.util
import os
import platform
import resource
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec

from ..guard.audit import AUDIT_VARIABLE, HASH_VARIABLE
from ..models import registry
from ..models.assemble import assemble
from ..models.classifier import ask_ready, members_of
from ..models.errors import ConfigError, ModelUnavailable, NotJudged
from ..models.judges import Judges
from ..models.judges_file import is_judges_file
from ..policies.diagnostics import errors
from ..policies.validate import validate
from .addresses import base_of
from .config import KEY_VARIABLE, OFF, OPENAI_KEY_VARIABLE, Settings
from .providers import PROVIDERS
from .upstream import native
from .upstream_settings import UpstreamSettings

State: TypeAlias = Literal["ok", "warning", "failed"]

FEWEST_FILES: Final = 4096
_TIMEOUT: Final = 5.0
_EXTRAS: Final = {"vision": "PIL", "lists": "re2", "pii": "phonenumbers", "otel": "grpc"}
"""What may be there or not, by a package of each."""
_TALK: Final = "opentelemetry.exporter.otlp.proto.http"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at: how it is, and what to do where it is not well."""

    name: str
    state: State
    found: str
    remedy: str = ""


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """A set-up: its settings (None where they cannot be read, `fault` says why) and the environment.

    `demo`: nobody named an upstream, and that of the settings stands for the built-in one.
    """

    settings: Settings | None
    fault: str | None = None
    demo: bool = False
    environment: Mapping[str, str] = msgspec.field(default_factory=lambda: dict(os.environ))


Look: TypeAlias = Callable[[Patient], Iterator[Check]]


def examine(patient: Patient, looks: Sequence[Look] | None = None) -> list[Check]:
    """Every check of a set-up, in an order in which an earlier fault may explain a later one."""
    return [check for look in (LOOKS if looks is None else looks) for check in look(patient)]


def python(patient: Patient) -> Iterator[Check]:
    """The interpreter."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.implementation.name != "cpython":
        yield _warn("python", f"{sys.implementation.name} {found}", "CPython is what Headgate is tested with")
    else:
        yield _good("python", found)


def packages(patient: Patient) -> Iterator[Check]:
    """The extras: exactly one runtime, and what the gateway needs."""
    runtimes = [name for name in ("onnxruntime", "onnxruntime-gpu") if _version(name)]
    if len(runtimes) != 1:
        found = " and ".join(runtimes) or "none"
        both = "uninstall both, and install one of them: they share their files"
        yield _bad("runtime", found, both if runtimes else "pip install 'headgate[cpu]' or 'headgate[gpu]'")
    else:
        yield _good("runtime", f"{runtimes[0]} {_version(runtimes[0])}")
    lacking = [name for name in ("aiohttp", "litestar", "uvicorn", "prometheus_client") if not _importable(name)]
    if lacking:
        yield _bad("gateway", f"not installed: {', '.join(lacking)}", "pip install 'headgate[gateway]'")
    else:
        yield _good("gateway", f"litestar {_version('litestar')}, uvicorn {_version('uvicorn')}")
    there = [extra for extra, package in _EXTRAS.items() if _importable(package)]
    yield _good("extras", ", ".join(f"{extra} {'yes' if extra in there else 'no'}" for extra in _EXTRAS))


def models(patient: Patient) -> Iterator[Check]:
    """The weights: there, whole, and what their manifest says."""
    settings = patient.settings
    if settings is not None and not settings.guarded:
        return
    judges = settings.judges if settings is not None else None
    if judges is not None and (not isinstance(judges, str) or is_judges_file(judges)):
        yield from _configured(judges)
        return
    name = judges or registry.DEFAULT
    try:
        weights = registry.verify(name)
    except ModelUnavailable as error:
        yield _bad("model", str(error), "reinstall headgate, or name a folder of weights with --model")
    else:
        card = weights.manifest
        yield _good("model", f"{card.name} {card.version}, {len(card.files)} files match")


def _configured(judges: Judges | str) -> Iterator[Check]:
    """Classifiers of a configuration: whether they are all there, and whether model servers serve them."""
    try:
        found = assemble(judges)
    except (ConfigError, ModelUnavailable) as error:
        yield _bad("models", str(error), "correct models; `headgate models list` shows what each one needs")
        return
    every = [one for top in found for one in (top, *members_of(top)) if not members_of(one)]
    for one in every:
        try:
            ask_ready(one)
        except NotJudged as error:
            yield _bad("models", f"{one.name}: {error}", "start its server, or correct url and path of its entry")
            return
    yield _good("models", ", ".join(one.name for one in every))


def configuration(patient: Patient) -> Iterator[Check]:
    """The settings."""
    settings = patient.settings
    if settings is None:
        fault = patient.fault or "cannot be read"
        yield _bad("configuration", fault, "headgate config validate FILE lists every fault")
    else:
        yield _good("configuration", f"{settings.host}:{settings.port}, workers: {settings.workers}")


def policy(patient: Patient) -> Iterator[Check]:
    """The policy: sound, and in force."""
    if patient.settings is None:
        return
    name = patient.settings.policy
    if name == OFF:
        yield _warn("policy", "off: everything passes unjudged", "give --policy default")
        return
    found = validate(name)
    if wrong := errors(found):
        first = wrong[0]
        where = f"{first.file}:{first.line}:{first.column}: " if Path(first.file).is_file() else ""
        more = f"headgate policy validate {name} " + (f"lists all {len(wrong)}" if len(wrong) > 1 else "shows it")
        yield _bad("policy", f"{where}{first.message}", "; ".join(filter(None, (first.hint, more))))
    elif found:
        yield _warn("policy", f"{name}: {len(found)} warnings", f"headgate policy validate {name} lists them")
    else:
        yield _good("policy", name)


def keys(patient: Patient) -> Iterator[Check]:
    """The secrets in the environment."""
    environment, settings = patient.environment, patient.settings
    if settings is not None:
        host = urlsplit(settings.upstream).hostname or ""
        given = settings.upstream_key or environment.get(KEY_VARIABLE) or environment.get(OPENAI_KEY_VARIABLE)
        if host.endswith("openai.com") and not given:
            yield _warn("upstream key", "callers have to send one", f"set {KEY_VARIABLE} to serve callers without")
    if environment.get(HASH_VARIABLE):
        yield _good("hash key", f"{HASH_VARIABLE} is set")
    else:
        found = "random: digests of two processes never match, and a trail of records can be forged"
        yield _warn("hash key", found, f"set {HASH_VARIABLE}, for instance to $(openssl rand -hex 32)")
    if settings is not None and settings.record and not environment.get(AUDIT_VARIABLE):
        yield _warn("audit key", f"derived from {HASH_VARIABLE}", f"set {AUDIT_VARIABLE} to let others verify records")


def upstream(patient: Patient) -> Iterator[Check]:
    """Whether anybody answers where the models should be."""
    settings = patient.settings
    if settings is None:
        return
    if patient.demo:
        yield _warn("upstream", "none: a built-in demo answers", "name yours: --upstream http://localhost:8000/v1")
        return
    if not settings.upstreams:
        yield _answers("upstream", native(settings), where="--upstream")
    for name, spec in settings.upstreams.items():
        yield _answers(f"upstream {name}", spec, where="its url")


def _answers(name: str, spec: UpstreamSettings, *, where: str) -> Check:
    provider, base = PROVIDERS[spec.kind], base_of(spec).base
    if provider.models is None:
        return _good(name, "it has no list of models to ask for: not looked at")
    url = f"{base}{provider.models.path}"
    try:
        # One that speaks every protocol may want its key where either of two has it.
        status = min(_status(url, {**provider.headers, **headers}) for headers in _keyed(spec))
    except (OSError, http.client.HTTPException, ValueError) as error:
        remedy = f"start it, or correct {where}; from a container the host is not localhost"
        return _bad(name, f"{base} cannot be reached: {_kind(error)}", remedy)
    if status == 401 and spec.key:
        return _bad(name, f"{base} answers 401: it does not know this key", f"correct {KEY_VARIABLE}, or its key")
    if status in (401, 403):
        found = "this key may not list models" if spec.key else "it wants a key"
        return _warn(name, f"{base} answers {status}: {found}", f"callers send theirs, or set {KEY_VARIABLE}")
    if status >= 500:
        return _bad(name, f"{base} answers {status}", "look into its log")
    if status == 404:
        return _warn(name, f"{url} answers 404", "the base URL should end in /v1 or what stands for it")
    return _good(name, f"{base} answers {status}")


def redis(patient: Patient) -> Iterator[Check]:
    """Whether the shared store answers."""
    settings = patient.settings
    if settings is None:
        return
    if settings.redis is None:
        if settings.workers > 1:
            found = "none: each worker counts for itself"
            yield _warn("store", found, "give --redis URL where limits must hold over all workers")
        return
    try:
        import redis as client
    except ImportError:
        yield _bad("store", "the package redis is not installed", "pip install 'headgate[gateway]'")
        return
    try:
        with client.Redis.from_url(settings.redis, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT) as line:
            told = {**line.info("server"), **line.info("memory")}
    except client.AuthenticationError:
        yield _bad("store", "Redis does not take this password", "correct it: redis://:PASSWORD@host:6379/0")
    except (client.RedisError, OSError, ValueError) as error:
        found = f"Redis cannot be asked: {_kind(error.__context__ or error)}"
        yield _bad("store", found, "start it, or correct its URL; limits and strikes are counted by each alone")
    else:
        eviction = str(told.get("maxmemory_policy", "noeviction"))
        if told.get("maxmemory") and eviction.startswith("allkeys"):
            yield _warn("store", f"full, it would forget counts: {eviction}", "set its maxmemory-policy to noeviction")
        else:
            yield _good("store", f"Redis {told['redis_version']}")


def collector(patient: Patient) -> Iterator[Check]:
    """Whether somebody takes traces, metrics and records where they are sent."""
    settings = patient.settings
    if settings is None:
        return
    url = settings.otlp_endpoint or patient.environment.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if not url:
        return
    if not _importable(_TALK):
        yield _bad("collector", "OpenTelemetry's exporter is not installed", "pip install 'headgate[gateway]'")
        return
    shown = "it"
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        # Not the URL: its user and its path may hold what is secret.
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        shown = f"{parts.scheme or 'http'}://{host}:{port}"
        socket.create_connection((parts.hostname or "", port), _TIMEOUT).close()
    except (OSError, ValueError) as error:
        found = f"{shown} cannot be reached: {_kind(error)}"
        yield _warn("collector", found, "start it, or correct otlp_endpoint; until then what is sent there is lost")
    else:
        yield _good("collector", f"{shown} takes connections")


def limits(patient: Patient) -> Iterator[Check]:
    """What the operating system allows: open files, and the port."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < FEWEST_FILES:
        yield _warn("open files", f"at most {soft}", "ulimit -n 65536: each stream takes two")
    else:
        yield _good("open files", f"at most {soft}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    settings = patient.settings
    if settings is not None and settings.workers > cores:
        yield _warn("processors", f"{settings.workers} workers on {cores}", f"--workers {cores} or fewer")
    else:
        yield _good("processors", str(cores))
    if settings is not None and settings.port:
        yield _port(settings)


LOOKS: Final[tuple[Look, ...]] = (
    python,
    packages,
    configuration,
    models,
    policy,
    keys,
    upstream,
    redis,
    collector,
    limits,
)


def _port(settings: Settings) -> Check:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            words = f"{settings.host}:{settings.port}: {error.strerror or _kind(error)}"
            return _warn("port", words, "stop what listens there (this gateway, perhaps), or give --port")
    return _good("port", f"{settings.host}:{settings.port} is free")


def _status(url: str, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    line = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        line.request("GET", parts.path, headers=dict(headers))
        return line.getresponse().status
    finally:
        line.close()


def _keyed(spec: UpstreamSettings) -> list[dict[str, str]]:
    """The headers that show an upstream its key, where there is one: one set, or one for each place it may stand."""
    if not spec.key:
        return [{}]
    bearer, own = {"authorization": f"Bearer {spec.key}"}, {"x-api-key": spec.key}
    match PROVIDERS[spec.kind].auth:
        case "as_sent":
            return [bearer, {**own, **PROVIDERS["anthropic"].headers}]
        case "x_api_key":
            return [own]
        case "api_key":
            return [{"api-key": spec.key}]
    return [bearer]


def _kind(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a package that it would be in
        return False


def _good(name: str, found: str) -> Check:
    return Check(name=name, state="ok", found=found)


def _warn(name: str, found: str, remedy: str) -> Check:
    return Check(name=name, state="warning", found=found, remedy=remedy)


def _bad(name: str, found: str, remedy: str) -> Check:
    return Check(name=name, state="failed", found=found, remedy=remedy)
