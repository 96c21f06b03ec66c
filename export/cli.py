"""`headgate export`: weights to ONNX, TensorRT or Triton, compared before they are called done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..models.errors import ConfigError, ModelUnavailable

_PIP = "pip install 'headgate[export]'"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _numbers(_: click.Context, option: click.Parameter, value: str | None) -> tuple[int, ...] | None:
    if value is None:
        return None
    words = [word.strip() for word in value.split(",")]
    if not all(word.isdigit() and int(word) for word in words):
        raise click.BadParameter("give numbers from 1 on, as 1,8,32", param=option)
    return tuple(sorted({int(word) for word in words}))


def _words(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The words, or those of a guard that is named instead: these with the space that stands before them."""
    words = tuple(word.strip() for word in (value or "").split(",") if word.strip())
    if len(words) == 1:
        from ..models.guards.catalogue import MODULES, adapter

        return getattr(adapter(words[0]), "words", ()) if words[0] in MODULES else words
    return words


@click.command("export")
@click.argument("model")
@click.option("--to", type=click.Choice(["onnx", "tensorrt", "triton"]), required=True, help="What is written.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option(
    "--precision", type=click.Choice(["fp32", "fp16", "bf16", "int8", "fp8"]), default="fp32", show_default=True
)
@click.option(
    "--device", type=click.Choice(["cpu", "gpu"]), help="What runs it; int8 is dynamic for a CPU, else static."
)
@click.option("--policy", default="default", show_default=True, metavar="NAME|FILE", help="Whose decisions must hold.")
@click.option("--answers", callback=_words, metavar="WORD,WORD|GUARD", help="First words, as safe,unsafe.")
@click.option("--activation", type=click.Choice(["sigmoid", "softmax"]), help="What makes its logits probabilities.")
@click.option("--probe", type=_FILE, help="JSONL rows to compare and calibrate with.")
@click.option("--rows", type=click.IntRange(1), default=96, show_default=True, help="Rows of Headgate's own otherwise.")
@click.option("--tolerance", type=click.FloatRange(0), help="The most that a logit may differ.")
@click.option("--flips", type=click.FloatRange(0, 1), help="The share of decisions that may differ.")
@click.option("--backend", type=click.Choice(["auto", "tensorrt", "tensorrt_rtx"]), help="Who builds the engine.")
@click.option("--batches", callback=_numbers, metavar="N,N", help="Batch sizes to tune for.  [default: 1,8,32]")
@click.option("--lengths", callback=_numbers, metavar="N,N", help="Lengths to tune for.  [default: 32,128,512]")
@click.option("--newer", is_flag=True, help="An engine that later versions and other GPUs run, a little slower.")
@click.option("--timing-cache", type=click.Path(dir_okay=False, path_type=Path), help="Keeps timings between builds.")
@click.option("--revision", help="A branch, tag or commit of a Hugging Face id.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def export(as_json: bool, **given: Any) -> None:
    """Write MODEL as a folder that Headgate or a server runs.

    MODEL is a shipped name, a local folder of a Hugging Face checkpoint, or a Hugging Face id. An export that differs
    from its original by more than its tolerance is refused, and nothing is left behind.
    """
    try:
        from .job import export as run
        from .report import show
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed: {_PIP}") from error
    try:
        outcome = run(_request(given))
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed: {_PIP}") from error
    except OSError as error:
        raise ConfigError(f"-o {given['out']}: cannot be written: {error.strerror or error}") from error
    show(outcome, as_json=as_json)


def _request(given: dict[str, Any]) -> Any:
    from .job import Request
    from .source import Asked
    from .tensorrt import Buckets

    asked = Asked(**{name: given.pop(name) for name in Asked.__struct_fields__})
    usual = Buckets()
    buckets = Buckets(given.pop("batches") or usual.batches, given.pop("lengths") or usual.lengths)
    return Request(asked=asked, buckets=buckets, **given)
