"""Settings of a finder that find best: a seeded random search on validation cubes of any sets.

    python benchmarks/tune.py paper faint blends --finder blobcat --cubes 12 --trials 24 --out tuned

Trials are drawn beforehand from the finder's ranges (`ranges.py`), the first with its defaults.
Each cube is made once and searched with all of them, so a stopped run has all trials on the same
cubes; the same command goes on with it. The objective is F1 of one-to-one matches, pooled over all.

    OUT/FINDER.searches.jsonl   a line for each search: settings, cube, TP, FP, FN, CPU seconds
    OUT/FINDER.trials.jsonl     a line for each trial: settings, counts, F1 and CPU seconds
    OUT/FINDER.toml             the best settings, for `--finder FILE` of `deepfocus benchmark`

One thread, one process. Test cubes are never looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from measuring import ONE_THREAD, machine
from ranges import RANGES, Range

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.match import match
from deepfocus.evaluation.scenes import Labelled, Scenes, load_scenes
from deepfocus.finders.finder import Finder, ReadyFinder
from deepfocus.finders.kinds import finder_from, finder_to
from deepfocus.simulation.truth import with_beam_and_band

SEED = 20190901


@dataclass(frozen=True)
class Trial:
    """Settings that are tried: the finder and its number, from 0, that of its defaults."""

    number: int
    finder: Finder

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values, by which its searches are known again."""
        plain: dict[str, Any] = json.loads(json.dumps(finder_to(self.finder)))
        return plain


@dataclass(frozen=True)
class Standing:
    """A trial on all cubes that have been searched.

    cpu_s : median of a cube
    """

    trial: Trial
    counts: Counts
    cubes: int
    cpu_s: float

    @property
    def f1(self) -> float:
        """0 where nothing is found and nothing is there."""
        return float(np.nan_to_num(self.counts.f1))

    def line(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "trial": self.trial.number,
            "settings": self.trial.settings,
            "cubes": self.cubes,
            "tp": self.counts.tp,
            "fp": self.counts.fp,
            "fn": self.counts.fn,
            "f1": round(self.f1, 4),
            "cpu_s": round(self.cpu_s, 3),
        }


def trials_of(
    kind: str, ranges: Mapping[str, Range], number: int, rng: np.random.Generator
) -> list[Trial]:
    """The defaults, and settings drawn from their ranges; those that the finder refuses are not.

    Raises `DeepFocusError` if it refuses nearly all.
    """
    trials = [Trial(0, finder_from({"kind": kind}))]
    for _ in range(20 * number):
        if len(trials) >= number:
            return trials
        table: dict[str, Any] = {"kind": kind}
        for key, values in ranges.items():
            _put(table, key.split("."), values.draw(rng))
        try:
            trials.append(Trial(len(trials), finder_from(table, source="a trial")))
        except DeepFocusError:
            continue
    if len(trials) >= number:
        return trials
    raise DeepFocusError(
        f"{kind} takes few of the settings in its ranges",
        wanted="ranges of settings that it takes",
        remedy="correct benchmarks/ranges.py",
    )


def _put(table: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    *parts, last = keys
    for part in parts:
        table = table.setdefault(part, {})
    table[last] = dict(value) if isinstance(value, Mapping) else value


def search(trials: Sequence[Trial], scenes: Sequence[Scenes], log: Path) -> None:
    """Search every cube with every trial whose record the log does not have yet."""
    done = {(_key(each["settings"]), each["cube"]) for each in records(log)}
    ready = {trial.number: trial.finder.ready() for trial in trials}
    for scene, key in _by_turns(scenes):
        name = f"{scene.name} {key}"
        left = [trial for trial in trials if (_key(trial.settings), name) not in done]
        labelled = scene.make(key) if left else None
        for trial in left:
            assert labelled is not None
            record = {"settings": trial.settings, "cube": name}
            append(record | searched(ready[trial.number], labelled), log)


def _key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def append(record: Mapping[str, Any], log: Path) -> None:
    """One more line; on a line of its own, whatever was cut off before it."""
    cut = log.is_file() and log.read_bytes()[-1:] not in (b"", b"\n")
    with log.open("a", encoding="utf-8") as lines:
        lines.write("\n" * cut + json.dumps(record) + "\n")


def searched(finder: ReadyFinder, labelled: Labelled) -> dict[str, Any]:
    """Counts and CPU seconds of one search; a cube that is refused has nothing found."""
    cube, truth = labelled
    before = _cpu_seconds()
    try:
        found = finder.find(cube).catalogue
    except DeepFocusError as error:
        return {"tp": 0, "fp": 0, "fn": len(truth), "cpu_s": 0.0, "refused": str(error)}
    spent = _cpu_seconds() - before
    counts = match(found, with_beam_and_band(truth, cube)).counts
    return {"tp": counts.tp, "fp": counts.fp, "fn": counts.fn, "cpu_s": round(spent, 3)}


def _cpu_seconds() -> float:
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def _by_turns(scenes: Sequence[Scenes]) -> Iterator[tuple[Scenes, str]]:
    """The first cube of each set, then the second, so that a stopped run has seen all sets."""
    for number in range(max(len(scene.keys) for scene in scenes)):
        for scene in scenes:
            if number < len(scene.keys):
                yield scene, scene.keys[number]


def records(log: Path) -> list[dict[str, Any]]:
    """The searches of a log; a last line that was cut off is no search."""
    if not log.is_file():
        return []
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def standings(trials: Sequence[Trial], log: Path) -> list[Standing]:
    """The trials, best first, on the cubes that all of them have searched."""
    by_cube: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records(log):
        by_cube.setdefault(record["cube"], {})[_key(record["settings"])] = record
    keys = {trial.number: _key(trial.settings) for trial in trials}
    whole = [each for each in by_cube.values() if set(keys.values()) <= set(each)]
    ranked = []
    for trial in trials:
        mine = [each[keys[trial.number]] for each in whole]
        counts = sum((Counts(each["tp"], each["fp"], each["fn"]) for each in mine), Counts())
        cpu_s = float(np.median([each["cpu_s"] for each in mine])) if mine else 0.0
        ranked.append(Standing(trial, counts, len(mine), cpu_s))
    return sorted(ranked, key=lambda each: (-each.f1, each.trial.number))


def write(ranked: Sequence[Standing], out: Path, kind: str) -> None:
    """The trials as JSON lines, and the best as settings."""
    with whole_file(out / f"{kind}.trials.jsonl") as path:
        lines = (json.dumps(each.line()) + "\n" for each in ranked)
        path.write_text("".join(lines), encoding="utf-8")
    with whole_file(out / f"{kind}.toml") as path:
        best = {"finder": finder_to(ranked[0].trial.finder)}
        path.write_text(tomlkit.dumps(best), encoding="utf-8")


def table(ranked: Sequence[Standing], shown: int) -> str:
    """The best trials and the defaults, as Markdown."""
    rows = [each for each in ranked[:shown] if each.trial.number] + [
        each for each in ranked if each.trial.number == 0
    ]
    lines = ["| trial | TP | FP | FN | F1 | CPU s |", "|---|---:|---:|---:|---:|---:|"]
    for each in rows:
        name = str(each.trial.number) if each.trial.number else "defaults"
        counts = each.counts
        lines.append(
            f"| {name} | {counts.tp} | {counts.fp} | {counts.fn} | {each.f1:.3f} "
            f"| {each.cpu_s:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Tune one finder and print its best trials."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("sets", nargs="+", help="shipped sets, or what a benchmark takes")
    options.add_argument("--finder", required=True, choices=sorted(RANGES))
    options.add_argument("--cubes", type=int, default=12, help="of each set")
    options.add_argument("--trials", type=int, default=24)
    options.add_argument("--seed", type=int, default=SEED)
    options.add_argument("--out", type=Path, required=True)
    asked = options.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    scenes = [load_scenes(Path(s), split="validation", number=asked.cubes) for s in asked.sets]
    rng = np.random.default_rng(asked.seed)
    trials = trials_of(asked.finder, RANGES[asked.finder], asked.trials, rng)
    log = asked.out / f"{asked.finder}.searches.jsonl"
    search(trials, scenes, log)
    ranked = standings(trials, log)
    write(ranked, asked.out, asked.finder)
    print(machine())
    print(f"{asked.finder}: {len(trials)} trials on {ranked[0].cubes} cubes\n")
    print(table(ranked, shown=5))


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
