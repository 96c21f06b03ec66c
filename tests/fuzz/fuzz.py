"""Coverage-guided fuzzing of one reader by atheris, or of all in turn; ends non-zero with the input that broke one.

python -m tests.fuzz.fuzz NAME|all [--seconds 20]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click

_READERS = ["headgate.gateway.wire", "headgate.gateway.sketch", "headgate.gateway.usage", "headgate.policies"]
"""What is watched for coverage: all else only costs time to begin."""


@click.command()
@click.argument("name", default="all")
@click.option("--seconds", default=10, show_default=True, help="For each reader.")
def main(name: str, seconds: int) -> None:
    """Fuzz a reader, or all of them."""
    if name == "all":
        from .entries import ENTRIES

        for each in [*ENTRIES, "splitters"]:
            # One process each: libFuzzer ends the one that it runs in.
            done = subprocess.run(
                [sys.executable, "-m", "tests.fuzz.fuzz", each, "--seconds", str(seconds)], check=False
            )
            if done.returncode:
                raise SystemExit(f"{each}: broken; the input stands above and in crash-*")
        return
    _fuzz(name, seconds)


def _fuzz(name: str, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=_READERS):
        from . import entries

    def one(raw: bytes) -> None:
        if name == "splitters":
            _same_events(raw)
        else:
            entries.holds(name, raw)

    with tempfile.TemporaryDirectory(prefix="hg-fuzz-") as folder:
        seeds = entries.ENTRIES[name].seeds if name in entries.ENTRIES else (b"data: a\r\n\r\ndata: b\n\n",)
        for number, seed in enumerate(seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            "-max_len=4096",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=0",
        ]
        atheris.Setup([f"fuzz-{name}", *options, "-verbosity=0", folder], one)
        atheris.Fuzz()


def _same_events(raw: bytes) -> None:
    from .entries import SPLITTERS

    place = raw[0] if raw else 0
    for splitter in SPLITTERS.values():
        whole, cut = splitter(), splitter()
        expected = [*whole.feed(raw), *whole.finish()]
        assert [*cut.feed(raw[:place]), *cut.feed(raw[place:]), *cut.finish()] == expected


if __name__ == "__main__":
    main()
