"""From a name, path or text to a policy that can be run; the only way to one leads through every check."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import UNSET

from ..models.assessment import Severity
from ..models.content import Kind
from .checks import Checked, checked
from .compile_rules import custom, exceptions, lists, own_document, pii, rules
from .compiled import (
    ActionRow,
    Bar,
    Block,
    Case,
    CompiledPolicy,
    Conversation,
    Guideline,
    Regenerate,
    RuleRow,
    Sampling,
    Scores,
    Service,
    Stream,
    Strikes,
)
from .effective import OVERLAYS, Row, cells, overlaid
from .load import load_source, source_of_text
from .media import MediaBlock
from .schema import (
    BlockTexts,
    CaseBlock,
    ConversationBlock,
    Document,
    FalseAlarm,
    GuidelineBlock,
    Price,
    RegenerateBlock,
    SamplingBlock,
    ScoresBlock,
    ServicesBlock,
    StreamBlock,
    StrikesBlock,
    UnjudgedBlock,
)
from .thresholds import FalseAlarmTable, Number, Rate, ThresholdPlan, Thresholds, resolve
from .tree import Entry, entries, get, items, plain
from .verdict import Action

__all__ = ["CompiledPolicy", "compile_policy", "load_policy", "parse_policy", "resolve_thresholds"]


def load_policy(name_or_path: str | Path) -> CompiledPolicy:
    """The policy of a shipped pack or a file; PolicyError lists every fault with its line."""
    return compile_policy(checked(load_source(name_or_path)))


def parse_policy(text: str, *, file: str = "<policy>") -> CompiledPolicy:
    """The policy of a text; `file` names it in faults, and what it extends is looked for beside it."""
    return compile_policy(checked(source_of_text(text, file=file)))


def resolve_thresholds(policy: CompiledPolicy, table: FalseAlarmTable | None = None) -> Thresholds:
    """The policy's thresholds on a model; ConfigError where it asks for a rate that the model's card lacks."""
    return resolve(policy.thresholds, table)


def compile_policy(policy: Checked) -> CompiledPolicy:
    """The runnable form of a checked policy."""
    document = policy.document
    matrix = cells(policy.root)
    name = document.name if document.name is not UNSET else _name(policy.file)
    compiled = CompiledPolicy(
        name=name,
        hash="",
        mode=document.mode,
        matrix={direction: {slug: _actions(row) for slug, row in rows.items()} for direction, rows in matrix.items()},
        rules={direction: {slug: _rules(row) for slug, row in rows.items()} for direction, rows in matrix.items()},
        thresholds=_plan(document.thresholds),
        on_unjudged=_on_unjudged(document.on_unjudged),
        on_error=document.on_error,
        regenerate=_regenerate(document.regenerate),
        stream=_stream(document.stream),
        speculate=document.speculate,
        sampling=_sampling(document.sampling),
        block=_block(document.block),
        guidelines={slug: _guidelines(given) for slug, given in sorted(document.guidelines.items())},
        conversation=_conversation(document.conversation),
        services=_services(document.services),
        strikes=_strikes(document.strikes),
        cases=tuple(_case(case) for case in document.cases),
        origins=_origins(policy, matrix),
        document=own_document(policy.root, name),
        raises=rules(document.rules),
        exceptions=exceptions(document.exceptions),
        lists=lists(policy.root, document.lists),
        custom=custom(document.custom),
        pii=pii(document.pii),
        media=document.media,
        tenants=_overlays(policy, name, "tenants"),
        routes=_overlays(policy, name, "routes"),
    )
    return msgspec.structs.replace(compiled, hash=hash_of(compiled))


def _overlays(policy: Checked, name: str, key: str) -> dict[str, CompiledPolicy]:
    """Each overlay laid over the policy, as a whole policy of its own."""
    return {item.key: _overlaid(policy, name, item) for item in entries(get(policy.root, key))}


def _overlaid(policy: Checked, name: str, item: Entry) -> CompiledPolicy:
    root = overlaid(policy.root, item.value)
    document = msgspec.structs.replace(msgspec.convert(plain(root), Document), name=name)
    return compile_policy(Checked(file=policy.file, root=root, document=document))


def _name(file: str) -> str:
    # Held to the same letters as a written name: it stands in headers and metrics.
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(file).stem).strip("._-")[:64] or "policy"


def _actions(row: Row) -> ActionRow:
    return (Action.ALLOW, row[0].action, row[1].action, row[2].action)


def _rules(row: Row) -> RuleRow:
    return ("none", row[0].rule, row[1].rule, row[2].rule)


def _plan(thresholds: Mapping[str, float | FalseAlarm]) -> ThresholdPlan:
    wanted: dict[str, Number | Rate] = {
        key: Rate(value.fpr, value.most, value.point) if isinstance(value, FalseAlarm) else Number(float(value))
        for key, value in sorted(thresholds.items())
    }
    return ThresholdPlan(
        default=wanted.pop("default", None), sensitive=wanted.pop("sensitive", None), categories=wanted
    )


def _on_unjudged(block: UnjudgedBlock | str) -> dict[Kind, Action]:
    words = (
        block
        if isinstance(block, UnjudgedBlock)
        else UnjudgedBlock(text="refuse", image="refuse", video="refuse", opaque="refuse")
    )
    return {
        "text": Action(words.text),
        "image": Action(words.image),
        "video": Action(words.video),
        "opaque": Action(words.opaque),
    }


def _regenerate(block: RegenerateBlock) -> Regenerate:
    price = block.budget.price or Price()
    caps: dict[str, int | None] = msgspec.structs.asdict(block.rounds_when)
    return Regenerate(
        rounds=block.rounds,
        strategy=block.strategy if isinstance(block.strategy, tuple) else (block.strategy,),
        tighten=block.tighten,
        seconds=block.budget.seconds,
        tokens=block.budget.tokens,
        least_severe=block.least_severe,
        n=block.n,
        rounds_when={name: most for name, most in caps.items() if most is not None},
        parallel=block.parallel,
        money=block.budget.money,
        price_input=price.input,
        price_output=price.output,
    )


def _stream(block: StreamBlock) -> Stream:
    return Stream(
        hold=block.hold,
        max_exposed_chars=block.max_exposed_chars,
        debounce=block.debounce,
        prefill=(("message" if block.prefill else None) if isinstance(block.prefill, bool) else block.prefill),
        corrections=block.corrections,
    )


def _sampling(block: SamplingBlock) -> Sampling:
    return Sampling(
        temperature=block.temperature.max,
        top_p=block.top_p.max,
        top_k=block.top_k.max,
        n=block.n.max,
        max_tokens=block.max_tokens.max,
        drop=tuple(sorted(set(block.drop))),
        system=block.system,
    )


def _block(block: BlockTexts) -> Block:
    return Block(
        style=block.style,
        message=_by_language(block.message),
        support=_by_language(block.support),
        support_mode=block.support_mode,
    )


def _by_language(words: str | dict[str, str] | None) -> dict[str, str]:
    """Texts under lower-case language tags; one text for all stands under `*`."""
    if isinstance(words, str):
        return {"*": words}
    return {language.lower(): said for language, said in sorted((words or {}).items())}


def _guidelines(given: str | tuple[GuidelineBlock, ...]) -> tuple[Guideline, ...]:
    if isinstance(given, str):
        return (Guideline(text=given),)
    return tuple(Guideline(text=one.text, when=one.when, severity=int(Severity[one.severity.upper()])) for one in given)


def _conversation(block: ConversationBlock) -> Conversation:
    return Conversation(block=block.block, window=block.window, decay=block.decay, joined=block.joined)


def _strikes(block: StrikesBlock) -> Strikes:
    bars = (Bar(points=bar.points, seconds=bar.seconds) for bar in block.refuse)
    return Strikes(
        points=(0.0, block.minor, block.moderate, block.severe),
        half_life=block.half_life,
        bars=tuple(sorted(bars, key=lambda bar: bar.points)),
    )


def _services(block: ServicesBlock) -> dict[str, Service]:
    named = {"corrector": block.corrector, "rewriter": block.rewriter, "critic": block.critic}
    return {
        name: Service(url=one.url.rstrip("/"), model=one.model, key_env=one.key_env, api=one.api, timeout=one.timeout)
        for name, one in named.items()
        if one is not None
    }


def _case(case: CaseBlock) -> Case:
    prompt = case.prompt if case.prompt is not UNSET else case.input
    response = None if case.response is UNSET else case.response
    direction = "input" if response is None else "output"
    return Case(
        prompt="" if prompt is UNSET else prompt,
        response=response,
        expect=Action(case.expect),
        direction=direction if case.direction is UNSET else case.direction,
        scores=None if case.scores is UNSET else _scores(case.scores),
        note=case.note,
    )


def _scores(block: ScoresBlock) -> Scores:
    severity = Severity[block.severity.upper()] if isinstance(block.severity, str) else block.severity
    return Scores(
        unsafe=block.unsafe,
        severity=None if severity is None else int(severity),
        categories=block.categories,
        sensitive=block.sensitive,
    )


def _origins(policy: Checked, matrix: Mapping[str, Mapping[str, Row]]) -> dict[str, str]:
    found = {
        cell.rule: f"{cell.mark.file}:{cell.mark.line}"
        for rows in matrix.values()
        for row in rows.values()
        for cell in row
        if cell.mark
    }
    for index, node in enumerate(items(get(policy.root, "cases"))):
        found[f"cases[{index}]"] = f"{node.mark.file}:{node.mark.line}"
    return dict(sorted(found.items()))


def hash_of(policy: CompiledPolicy) -> str:
    """The digest of all that is in force; what a policy does not use leaves no trace in it."""
    content = msgspec.structs.asdict(policy)
    for key in ("hash", "cases", "origins", "document"):
        del content[key]
    for key in ("raises", "exceptions", "lists", "custom", "pii"):
        if not content[key]:
            del content[key]
    if content["media"] == MediaBlock():
        del content["media"]
    for key in OVERLAYS:
        overlays = content.pop(key)
        if overlays:
            content[key] = {name: one.hash for name, one in overlays.items()}
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()[:16]
