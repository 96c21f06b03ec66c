from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headgate.policies.checks import diagnose
from headgate.policies.diagnostics import Diagnostic
from headgate.policies.load import load_source, packs, source_of_text
from headgate.policies.tree import Source, chain


def codes(source: Source) -> list[str]:
    return [fault.code for fault in diagnose(source)]


def test_a_key_given_twice_is_told_with_the_line_of_the_first(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("duplicate_key")} == {"duplicate-key"}


def test_an_unknown_parent_is_told_beside_the_other_faults(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert {fault.code for fault in golden("extends")} == {"bad-extends", "unknown-choice"}


def test_everything_that_is_wrong_is_told_at_once(golden: Callable[[str], list[Diagnostic]]) -> None:
    assert len(golden("many")) == 11


def test_the_packs_ship() -> None:
    assert packs() == (
        "azure",
        "base",
        "children",
        "dataset",
        "dataset-cleaning",
        "dataset-regenerate",
        "default",
        "enterprise",
        "image-generation",
        "llama-guard",
        "openai",
        "permissive",
        "strict",
    )


def test_a_file_is_extended_by_its_path_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "rules.yaml").write_text("version: 1\nextends: strict\n")
    (tmp_path / "team.yaml").write_text("version: 1\nextends: house/rules.yaml\n")
    source = load_source(tmp_path / "team.yaml")
    assert not codes(source)
    assert [Path(part.file).name for part in chain(source)] == ["team.yaml", "rules.yaml", "strict.yaml", "base.yaml"]


def test_a_policy_that_extends_nothing_stands_on_base_and_base_on_nothing() -> None:
    assert [part.file for part in chain(source_of_text("version: 1"))] == ["<policy>", "packs/base.yaml"]
    assert [part.file for part in chain(load_source("base"))] == ["packs/base.yaml"]


def test_a_circle_is_a_fault_and_ends(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nextends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("version: 1\nextends: ./a.yaml\n")
    (fault,) = diagnose(load_source(tmp_path / "a.yaml"))
    assert fault.code == "extends-cycle"
    assert fault.message == "extends goes in a circle: a.yaml -> b.yaml -> a.yaml"


def test_a_long_chain_is_a_fault(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"p{number}.yaml").write_text(f"version: 1\nextends: p{number + 1}.yaml\n")
    assert codes(load_source(tmp_path / "p0.yaml")) == ["bad-extends"]


def test_a_missing_or_unreadable_policy_is_a_fault_with_a_hint(tmp_path: Path) -> None:
    (fault,) = diagnose(load_source("defautl"))
    assert (fault.code, fault.hint) == ("no-policy", f"did you mean 'default'? valid: {', '.join(packs())}")
    (tmp_path / "latin.yaml").write_bytes(b"version: 1\nname: caf\xe9\n")
    assert codes(load_source(tmp_path / "latin.yaml")) == ["unreadable"]
    assert codes(load_source(tmp_path)) == ["no-policy"]
    assert codes(load_source("a\0b")) == ["no-policy"]


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert not codes(load_source(tmp_path / "bom.yaml"))
