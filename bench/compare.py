#!/usr/bin/env python3
"""Longhand and its rivals side by side: each in turn, for several rounds, and a dated result of it.

    cargo build --release
    python3 bench/compare.py
    python3 bench/compare.py --only inference --threads 1

Needs Python's standard library alone; the rivals run under --python, a virtual environment with
bench/requirements.txt. bench/README.md says how to make it and how to read the result.
"""

import argparse
import datetime
import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import machine
from figures import LONGHAND, MEASURES, longhand_report, markdown_table, rows

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
# Above this share of the processors the result says that somebody else was at work.
NOISE = 0.05
TITLES = {
    "step": "Training: one step of {images} images, forward, backward and update",
    "batch": "Inference: {images:,} images at once",
    "one_image": "Inference: one image",
}
NAMES = {"step": "training", "batch": "inference", "one_image": "the latency of one image"}
WHOSE = {"others": "other processes", "stolen": "other guests of the host"}


@dataclass
class Subject:
    """A program that has a turn in every round."""

    name: str
    command: list[str]
    measures: list[str]


def subjects(arguments: argparse.Namespace) -> list[Subject]:
    """Who takes part, in the order of the first round."""
    wanted = [measure for measure, kind in MEASURES.items() if arguments.only in (None, kind)]
    threads = ["--threads", str(arguments.threads)]
    found = [Subject(LONGHAND, [str(arguments.longhand), "bench", "seed", *threads, "--json"], wanted)]

    def rival(name: str, script: str, *flags: str) -> None:
        measures = [m for m in wanted if script.endswith(f"{MEASURES[m]}.py")]
        if measures:
            path = str(BENCH / "rivals" / script)
            found.append(Subject(name, [str(arguments.python), path, *threads, *flags], measures))

    training = ["--steps", "10", "--warmup-steps", "12"] if arguments.quick else []
    training += ["--mnist", str(arguments.mnist)] if arguments.mnist else []
    inference = ["--runs", "5"] if arguments.quick else []
    rival("PyTorch eager", "torch_training.py", *training)
    rival("PyTorch channels-last", "torch_training.py", "--channels-last", *training)
    rival("PyTorch channels-last bf16", "torch_training.py", "--channels-last", "--bf16", *training)
    rival("onnxruntime", "onnxruntime_inference.py", *inference)
    rival("PyTorch eager", "torch_inference.py", *inference)
    rival("PyTorch channels-last bf16", "torch_inference.py", "--channels-last", "--bf16", *inference)
    return found


def run(command: list[str]) -> str:
    """What `command` prints; ends the comparison with its complaint if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SystemExit(f"cannot run {command[0]}: {error}") from error
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def check_tools(arguments: argparse.Namespace) -> None:
    """Ends the comparison, with advice, where a program is missing; warns where a version is not the pinned one."""
    if not arguments.longhand.exists():
        raise SystemExit(f"no program at {arguments.longhand}: `cargo build --release` makes it, --longhand names it")
    if not arguments.python.exists():
        raise SystemExit(f"no Python at {arguments.python}: bench/README.md says how to make it, --python names it")
    pins = {}
    for file in (ROOT / "reference" / "requirements.txt", BENCH / "requirements.txt"):
        pins |= dict(re.findall(r"^([\w-]+)==(\S+)", file.read_text(), re.MULTILINE))
    code = ("import importlib.metadata as m, json; have = {d.metadata['Name'].lower(): d.version for d in "
            "m.distributions()}; print(json.dumps(have))")
    installed = json.loads(run([str(arguments.python), "-c", code]))
    have = {name.replace("_", "-"): version for name, version in installed.items()}
    for name, pinned in pins.items():
        found = have.get(name.replace("_", "-"))
        if found is None:
            raise SystemExit(f"{arguments.python} has no {name}: install bench/requirements.txt there")
        if found.split("+")[0] != pinned:
            print(f"warning: {name} is {found}, bench/requirements.txt says {pinned}")


def checkout() -> str:
    """The commit of this working tree, with a mark where tracked files were changed."""
    def git(*words: str) -> str:
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    try:
        commit, changed = git("rev-parse", "--short", "HEAD"), git("status", "--porcelain", "-uno")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.strip() + (" with changes" if changed else "")


def take_turn(subject: Subject, number: int) -> dict:
    """Runs `subject` once and returns its report with what else the machine did meanwhile."""
    watch, started = machine.Watch(), time.monotonic()
    output = json.loads(run(subject.command))
    taken, shares = time.monotonic() - started, watch.shares()
    report = longhand_report(output) if subject.name == LONGHAND else output
    report = {key: value for key, value in report.items() if key not in MEASURES or key in subject.measures}
    return {"round": number, "subject": subject.name, "taken_seconds": round(taken, 2), **shares, "report": report}


def progress(subject: Subject, turn: dict, rounds: int) -> str:
    """One line about a turn."""
    said = []
    for measure in subject.measures:
        timed = turn["report"].get(measure)
        if timed is None:
            continue
        if measure == "one_image":
            said.append(f"one image {timed['seconds']['median'] * 1e6:.1f} µs")
        else:
            said.append(f"{MEASURES[measure]} {timed['images'] / timed['seconds']['median']:,.0f} images/s")
    if missing := [NAMES[measure] for measure in subject.measures if measure not in turn["report"]]:
        said.append(f"this build does not report {' or '.join(missing)}")
    noise = "".join(f", {who} {turn[who]:.0%} of the processors" for who in WHOSE if (turn[who] or 0) > NOISE)
    return f"{turn['round']}/{rounds}  {subject.name}: {', '.join(said)} ({turn['taken_seconds']:.0f} s{noise})"


def summary(arguments: argparse.Namespace, turns: list[dict], names: dict) -> dict:
    """The result as data: the machine, versions, every measure's rows, and every turn."""
    versions: dict[str, str] = {}
    for turn in turns:
        versions |= turn["report"]["versions"]
    ours = [turn["report"] for turn in turns if turn["subject"] == LONGHAND]
    wanted = [measure for measure, kind in MEASURES.items() if arguments.only in (None, kind)]
    return {
        **names, "threads": arguments.threads, "rounds": turns[-1]["round"], "rounds_asked_for": arguments.rounds,
        "quick": arguments.quick, "rivals_train_on": "MNIST" if arguments.mnist else "made-up images",
        "versions": versions, "longhand_isa": ours[0]["isa"],
        # The best peak of all turns, and the floor that follows from it: neighbours only ever lower a peak.
        "peak_gflops": max(report["peak_gflops"] for report in ours),
        "direct_convolution_floor_seconds": min(report["direct_convolution_floor_seconds"] for report in ours),
        **{measure: rows(turns, measure) for measure in wanted},
        "not_reported_by_longhand": [measure for measure in wanted if measure not in ours[0]],
        "busiest": {who: max((turn[who] for turn in turns if turn[who] is not None), default=None)
                    for who in WHOSE},
        "turns": turns,
    }


def counted(number: int, thing: str) -> str:
    """Such as `1 round` and `2 rounds`."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def markdown(result: dict) -> str:
    """The result for people."""
    here = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    text = [f"# Longhand beside its rivals, {result['date']}", "",
            f"{here['processor']}, {counted(here['cores'], 'logical processor')}, {here['system']} "
            f"{here['architecture']}; {counted(result['threads'], 'thread')} each. {versions}; working tree at "
            f"{result['checkout']}, longhand on {result['longhand_isa']}.", "",
            counted(result["rounds"], "round")
            + (f" of {result['rounds_asked_for']} asked for" if result["rounds"] < result["rounds_asked_for"] else "")
            + ", each program once a round, in turn. A figure is the median over rounds of each round's median; a "
            "ratio is taken within each round, and the median of those is given. bench/README.md has the details."]
    if result["quick"]:
        text += ["", "**A quick run: too short for its figures to be quoted.**"]
    for measure, title in TITLES.items():
        if measure not in result:
            continue
        table = result[measure]
        images = table[0]["images"] if table else 0
        text += ["", f"## {title.format(images=images)}", "", markdown_table(table, measure)]
        if measure in result["not_reported_by_longhand"]:
            text += ["", f"This build of longhand does not report {NAMES[measure]}."]
        if measure == "step":
            epoch = table[0]["seconds_per_epoch"]["median"]
            floor = result["direct_convolution_floor_seconds"]
            text += ["", f"The floor of direct convolution at the peak longhand measured ({result['peak_gflops']:.0f} "
                     f"GFLOP/s): {floor:.2f} s/epoch; longhand takes {epoch / floor:.2f} times that. The rivals "
                     f"trained on {result['rivals_train_on']}."]
    busiest = [f"{name} had {result['busiest'][who]:.1%}" for who, name in WHOSE.items()
               if result["busiest"][who] is not None]
    if busiest:
        text += ["", f"Noise: of the processors' time in the worst turn, {' and '.join(busiest)}."]
    return "\n".join(text) + "\n"


def result_path(date: str, processor: str) -> Path:
    """Where the result goes, without its ending; a day's second result gets a number, not the first one's place."""
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", processor.lower())).strip("-")
    folder = BENCH / "results"
    folder.mkdir(exist_ok=True)
    name, number = f"{date}-{slug}", 1
    while (folder / f"{name}.json").exists():
        number += 1
        name = f"{date}-{slug}-{number}"
    return folder / name


def arguments_from_command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=machine.cores(), help="of every program (default: all)")
    parser.add_argument("--only", choices=["training", "inference"])
    parser.add_argument("--mnist", type=Path, metavar="DIR", help="the rivals train on MNIST's gzipped IDX files there")
    parser.add_argument("--longhand", type=Path, default=ROOT / "target/release/longhand", help="the program")
    parser.add_argument("--python", type=Path, default=ROOT / ".venv/bin/python", help="what runs the rivals")
    parser.add_argument("--quick", action="store_true", help="few calls a turn: shows that everything works, no more")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.threads < 1:
        parser.error("rounds and threads begin at 1")
    return arguments


def main() -> None:
    arguments = arguments_from_command_line()
    check_tools(arguments)
    date = datetime.date.today().isoformat()
    names = {"date": date, "machine": machine.describe(), "checkout": checkout()}
    path = result_path(date, names["machine"]["processor"])
    everyone, turns = subjects(arguments), []
    print(f"{names['machine']['processor']}, {counted(arguments.threads, 'thread')}, "
          f"{counted(arguments.rounds, 'round')} of {len(everyone)} turns")
    for number in range(1, arguments.rounds + 1):
        # Somebody else begins each round, so that nobody always follows the same neighbour.
        first = (number - 1) % len(everyone)
        for subject in everyone[first:] + everyone[:first]:
            turns.append(take_turn(subject, number))
            print(progress(subject, turns[-1], arguments.rounds), flush=True)
        # After every round, so that a comparison broken off keeps the rounds it had.
        result = summary(arguments, turns, names)
        path.with_suffix(".json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        path.with_suffix(".md").write_text(markdown(result))
    print("\n" + markdown(result))
    print(f"kept in {path.relative_to(ROOT)}.md and .json")


if __name__ == "__main__":
    main()
