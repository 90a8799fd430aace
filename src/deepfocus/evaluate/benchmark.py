"""The benchmark: simulate each seed, let a finder loose on the cube, count after each stage.

Every cube leaves its catalogues on disk before it counts as done, so that a run that was
interrupted goes on where it stopped; the tables are made of the files alone. Cubes are not kept:
their seeds make them again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.files import whole_file
from deepfocus.core.settings import settings_to
from deepfocus.evaluate.score import Score, pool
from deepfocus.evaluate.stages import StageCounts, count_stages, stage_table
from deepfocus.evaluate.text_table import number, text_table
from deepfocus.finders.finder import Finder, ReadyFinder
from deepfocus.finders.kinds import finder_to
from deepfocus.io.catalogues import read_catalogue, write_catalogue
from deepfocus.jobs.claim import claim
from deepfocus.jobs.tally import Report, Tally, silent
from deepfocus.jobs.workers import IN_TURN, Workers
from deepfocus.simulate.cube import simulate
from deepfocus.simulate.settings import SetSettings

FINAL, TRUTH = "catalogue", "truth"  # names of files beside those of the stages


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
    """What a finder achieved on many simulated cubes.

    stages : counts after each stage; score : judgement of the final catalogues
    simulate_s, detect_s : (cubes,) wall seconds of each cube
    """

    seeds: tuple[int, ...]
    stages: tuple[StageCounts, ...]
    score: Score
    simulate_s: np.ndarray
    detect_s: np.ndarray

    def table(self) -> str:
        """All tables as Markdown."""
        return "\n\n".join(
            [
                f"### After each stage: {len(self.seeds)} cubes",
                stage_table(self.stages),
                self.score.table(),
                "### Time a cube, one thread",
                self.time_table(),
            ]
        )

    def time_table(self) -> str:
        """Median and range of the wall time of a cube."""
        rows = [
            [name, *(number(v, digits=2) for v in (np.median(s), s.min(), s.max()))]
            for name, s in (("simulate", self.simulate_s), ("detect", self.detect_s))
            if len(s)
        ]
        return text_table(("step", "median (s)", "min (s)", "max (s)"), rows)

    def as_dict(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        return {
            "version": __version__,
            "seeds": list(self.seeds),
            "stages": [stage.as_dict() for stage in self.stages],
            "score": self.score.as_dict(),
            "simulate_s": self.simulate_s.tolist(),
            "detect_s": self.detect_s.tolist(),
        }


def run_benchmark(
    settings: SetSettings,
    seeds: Iterable[int],
    finder: Finder,
    *,
    folder: Path,
    workers: Workers = IN_TURN,
    report: Report = silent,
) -> BenchmarkResult:
    """Simulate and search one cube a seed; write catalogues, result.json and result.md.

    finder : made ready once in each process
    folder : of the results; cubes that are done there are not done again
    report : called with cubes done, cubes in all and a name, after each

    Raises `DeepFocusError` if `folder` holds results of other settings or another finder.
    """
    seeds, folder = tuple(seeds), Path(folder)
    made_with = {
        "version": __version__,
        "set": settings_to(settings),
        "finder": finder_to(finder),
    }
    claim(folder, made_with, holds="results")
    missing = [seed for seed in seeds if not _record(folder, seed).is_file()]
    tally = Tally(len(seeds), len(seeds) - len(missing), report)
    for seed in workers.run(partial(_one_cube, settings, folder, finder), missing):
        tally.count(str(seed))
    result = read_benchmark(folder, seeds)
    with whole_file(folder / "result.json") as path:
        path.write_text(json.dumps(result.as_dict(), indent=1) + "\n", encoding="utf-8")
    with whole_file(folder / "result.md") as path:
        path.write_text(result.table() + "\n", encoding="utf-8")
    return result


def read_benchmark(folder: Path, seeds: Sequence[int]) -> BenchmarkResult:
    """The result from the files of a benchmark's folder."""
    records = [json.loads(_record(folder, seed).read_text(encoding="utf-8")) for seed in seeds]

    def read(seed: int, name: str) -> Catalogue:
        return read_catalogue(_catalogue(folder, seed, name))

    truths = [read(seed, TRUTH) for seed in seeds]
    stages = [
        {name: read(seed, name) for name in record["stages"]}
        for seed, record in zip(seeds, records, strict=True)
    ]
    finals = [read(seed, FINAL) for seed in seeds]
    return BenchmarkResult(
        seeds=tuple(seeds),
        stages=count_stages(list(zip(stages, truths, strict=True))),
        score=pool(zip(finals, truths, strict=True)),
        simulate_s=np.array([record["simulate_s"] for record in records]),
        detect_s=np.array([record["detect_s"] for record in records]),
    )


def _one_cube(settings: SetSettings, folder: Path, finder: Finder, seed: int) -> int:
    ready = _ready(finder)
    started = time.perf_counter()
    simulated = simulate(settings, seed)
    simulated_at = time.perf_counter()
    found = ready.find(simulated.cube)
    ended = time.perf_counter()
    catalogues = {**found.snapshots, FINAL: found.catalogue, TRUTH: simulated.truth}
    for name, each in catalogues.items():
        write_catalogue(each, _catalogue(folder, seed, name))
    record = {
        "seed": seed,
        "stages": list(found.snapshots),
        "simulate_s": round(simulated_at - started, 3),
        "detect_s": round(ended - simulated_at, 3),
    }
    # Last of all: a cube with its record is complete.
    with whole_file(_record(folder, seed)) as path:
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return seed


@lru_cache(maxsize=1)
def _ready(finder: Finder) -> ReadyFinder:
    """The finder, made ready once in each process: it may have networks to read."""
    return finder.ready()


def _record(folder: Path, seed: int) -> Path:
    return folder / "cubes" / f"{seed}.json"


def _catalogue(folder: Path, seed: int, name: str) -> Path:
    return folder / "cubes" / f"{seed}.{name}.ecsv"
