"""Measures what is found in a folder of labelled images, under a policy, and what it costs.

    python benchmarks/images.py FOLDER [--policy default] [--most N] [--json]

FOLDER holds `manifest.jsonl`: `file`, `source`, `label` (1 harmful, 0 harmless, -1 neither) and `user_text`, the
message that goes with the image. An image counts as found where the verdict has a finding in it; that something was
not judged is no finding. Times are CPU milliseconds of an image, decoding included: half of them on two cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections import defaultdict
from pathlib import Path

import msgspec

from headgate import Guard


class Row(msgspec.Struct, frozen=True):
    """One image of the manifest."""

    file: str
    source: str
    label: int
    user_text: str = ""


class Seen(msgspec.Struct, frozen=True):
    """Whether something was found in an image, and the CPU milliseconds it took."""

    found: bool
    cpu: float


def measure(folder: Path, *, policy: str, most: int) -> dict[str, list[Seen]]:
    """What became of each source's images, at most so many of each."""
    rows = [msgspec.json.decode(line, type=Row) for line in (folder / "manifest.jsonl").read_bytes().splitlines()]
    seen: dict[str, list[Seen]] = defaultdict(list)
    with Guard(policy, timeout=600) as guard:
        guard.check("Hello.", images=[(folder / rows[0].file).read_bytes()])  # loads what is loaded with the first
        for row in rows:
            group = f"{row.source} ({row.label})"
            if len(seen[group]) >= most > 0:
                continue
            began = time.process_time()
            verdict = guard.check(row.user_text or None, images=[(folder / row.file).read_bytes()])
            cpu = (time.process_time() - began) * 1000
            found = any(finding.part == "images[0]" for finding in verdict.findings)
            seen[group].append(Seen(found=found, cpu=cpu))
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--policy", default="default")
    parser.add_argument("--most", type=int, default=0, help="images of each source; 0: all")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    seen = measure(given.folder, policy=given.policy, most=given.most)
    table = {
        group: {
            "images": len(found),
            "found": sum(one.found for one in found) / len(found),
            "cpu_ms": sorted(one.cpu for one in found)[len(found) // 2],
            "cpu_ms_mean": sum(one.cpu for one in found) / len(found),
        }
        for group, found in seen.items()
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if given.json:
        print(json.dumps({"groups": table, "peak_mib": peak}))
        return
    for group, row in sorted(table.items()):
        print(f"{group:28} {row['images']:4} images  found {row['found']:6.1%}  cpu {row['cpu_ms']:7.0f} ms median")
    print(f"peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
