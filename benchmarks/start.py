"""How long Headgate takes to start: seconds and CPU seconds, of several ways in turn.

python benchmarks/start.py [--runs 7] [--against ROOT] [--json]

`serve off` and `serve`: from the start of the process to the first 200 of /readyz; `check` and `filter`: from the start
to the end of the process, over one sentence and one row. `--against` takes the same from another checkout, run by run
in turn, with a link to this one's interpreter. One run of each goes ahead and is not counted: it leaves bytecode where
Python is allowed to write it. Reads /proc, so it runs on Linux alone.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

HERE = Path(__file__).parents[1]
TICK = os.sysconf("SC_CLK_TCK")
LONGEST = 60.0


class Start(msgspec.Struct, frozen=True):
    """One start: seconds on the clock, and of all processors."""

    wall: float
    cpu: float


def command(root: Path, *words: str) -> list[str]:
    """The command line of a checkout, whichever one is installed."""
    code = f"import sys; sys.path.insert(0, {str(root / 'src')!r}); from headgate.__main__ import main; main()"
    return [sys.executable, "-c", code, *words]


def free_port() -> int:
    """A port that nobody has right now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def ready(port: int) -> bool:
    """Whether /readyz answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def used(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def served(root: Path, policy: str) -> Start:
    """One start of the gateway."""
    port = free_port()
    words = ("serve", "--port", str(port), "--upstream", "http://127.0.0.1:9/v1", "--policy", policy)
    began = time.perf_counter()
    process = subprocess.Popen(command(root, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready(port):
            if time.perf_counter() - began > LONGEST or process.poll() is not None:
                raise SystemExit(f"{' '.join(words)} did not become ready")
            time.sleep(0.002)
        return Start(wall=time.perf_counter() - began, cpu=used(process.pid))
    finally:
        process.kill()
        process.wait()


def ended(root: Path, *words: str) -> Start:
    """One command from start to end."""
    began = time.perf_counter()
    process = subprocess.Popen(command(root, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return Start(wall=time.perf_counter() - began, cpu=usage.ru_utime + usage.ru_stime)


def ways(folder: Path) -> dict[str, Callable[[Path], Start]]:
    """What is started, by name."""
    rows = folder / "rows.jsonl"
    rows.write_text('{"text": "Which birds dive?"}\n')

    def filtered(root: Path) -> Start:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            return ended(root, "filter", str(rows), "-o", f"{out}/kept", "--quiet")

    return {
        "serve off": lambda root: served(root, "off"),
        "serve": lambda root: served(root, "default"),
        "check": lambda root: ended(root, "check", "Which birds dive?"),
        "filter": filtered,
        "filter --help": lambda root: ended(root, "filter", "--help"),
    }


def measured(roots: list[Path], *, runs: int, only: list[str]) -> dict[str, dict[str, list[Start]]]:
    """Starts by way and checkout, taken in turn."""
    found: dict[str, dict[str, list[Start]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        chosen = {name: start for name, start in ways(Path(folder)).items() if not only or name in only}
        for run in range(runs + 1):
            for name, start in chosen.items():
                for root in roots:
                    taken = start(root)
                    if run:
                        found.setdefault(name, {}).setdefault(str(root), []).append(taken)
    return found


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--against", type=Path, action="append", default=[])
    parser.add_argument("--only", action="append", default=[], help="serve off, serve, check, filter, filter --help")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measured([*options.against, HERE], runs=options.runs, only=options.only)
    if options.json:
        print(json.dumps(msgspec.to_builtins(found)))
        return
    print(f"{'':14} {'median s':>9} {'least s':>8} {'CPU s':>7} {'least':>7}")
    for name, by_root in found.items():
        for root, starts in by_root.items():
            walls, cpus = [one.wall for one in starts], [one.cpu for one in starts]
            told = f"{statistics.median(walls):9.2f} {min(walls):8.2f} {statistics.median(cpus):7.2f} {min(cpus):7.2f}"
            print(f"{name:14} {told}  {root}")


if __name__ == "__main__":
    main()
