"""The benchmark: simulate each seed, let a finder loose on the cube, count after each stage.

Every cube leaves its catalogues on disk before it counts as done, so that a run that was
interrupted goes on where it stopped; the tables are made of the files alone. Cubes are not kept:
their seeds make them again.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.core.settings import settings_to
from deepfocus.evaluate.score import Score, pool
from deepfocus.evaluate.stages import StageCounts, Stages, count_stages, stage_table
from deepfocus.evaluate.text_table import number, text_table
from deepfocus.io.catalogues import read_catalogue, write_catalogue
from deepfocus.simulate.cube import simulate
from deepfocus.simulate.settings import SetSettings


class Found(Protocol):
    """What a finder gives: its final catalogue and its candidates after each stage, in order.

    A finder that works in one step has no stages.
    """

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def stages(self) -> Stages: ...


Finder = Callable[[Cube], Found]

FINAL, TRUTH = "catalogue", "truth"  # names of files beside those of the stages
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # A waiting OpenMP thread that spins takes the core from a neighbour who works.
    "OMP_WAIT_POLICY": "PASSIVE",
}


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
    make_finder: Callable[[], Finder],
    *,
    folder: Path,
    workers: int = 0,
    provenance: Mapping[str, Any] | None = None,
    report: Callable[[int, int], None] | None = None,
) -> BenchmarkResult:
    """Simulate and search one cube a seed; write catalogues, result.json and result.md.

    make_finder : called once in each process; must be picklable if there are workers
    folder : of the results; cubes that are done there are not done again
    workers : processes, each with one thread; 0 works in this process
    provenance : what the finder is (weights, settings), kept with the results
    report : called with (done, total) at the start and after each cube

    Raises `DeepFocusError` if `folder` holds results of other settings or another finder.
    """
    seeds, folder = tuple(seeds), Path(folder)
    _claim(folder, {"set": settings_to(settings), "finder": dict(provenance or {})})
    missing = [seed for seed in seeds if not _record(folder, seed).is_file()]
    done = len(seeds) - len(missing)
    if report:
        report(done, len(seeds))
    for _ in _each(partial(_one_cube, settings, folder), missing, make_finder, workers):
        done += 1
        if report:
            report(done, len(seeds))
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


def _one_cube(settings: SetSettings, folder: Path, seed: int, find: Finder) -> int:
    started = time.perf_counter()
    simulated = simulate(settings, seed)
    ready = time.perf_counter()
    found = find(simulated.cube)
    ended = time.perf_counter()
    catalogues = {**found.stages, FINAL: found.catalogue, TRUTH: simulated.truth}
    for name, each in catalogues.items():
        write_catalogue(each, _catalogue(folder, seed, name))
    record = {
        "seed": seed,
        "stages": list(found.stages),
        "simulate_s": round(ready - started, 3),
        "detect_s": round(ended - ready, 3),
    }
    # Last of all: a cube with its record is complete.
    with whole_file(_record(folder, seed)) as path:
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return seed


Job = Callable[[int, Finder], int]


def _each(
    job: Job, seeds: Sequence[int], make_finder: Callable[[], Finder], workers: int
) -> Iterator[int]:
    if not workers or not seeds:
        if seeds:
            find = make_finder()
            yield from (job(seed, find) for seed in seeds)
        return
    # Fresh processes, not forked ones: a fork copies the parent's thread pools half dead.
    context = multiprocessing.get_context("spawn")
    with _environment(ONE_THREAD):
        processes = ProcessPoolExecutor(
            min(workers, len(seeds)), context, initializer=_set_up, initargs=(make_finder,)
        )
        try:
            for future in as_completed([processes.submit(_work, job, seed) for seed in seeds]):
                yield future.result()
        finally:
            processes.shutdown(cancel_futures=True)


_FINDER: list[Finder] = []
"""The finder of a worker process, made once: it may have networks to read."""


def _set_up(make_finder: Callable[[], Finder]) -> None:
    _FINDER[:] = [make_finder()]


def _work(job: Job, seed: int) -> int:
    return job(seed, _FINDER[0])


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables that the processes started meanwhile inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _claim(folder: Path, what: dict[str, Any]) -> None:
    """Note in the folder what its results are of, or check that they are of the same."""
    what = json.loads(json.dumps({"version": __version__, **what}, default=str))
    path = folder / "benchmark.json"
    if not path.is_file():
        with whole_file(path) as temporary:
            temporary.write_text(json.dumps(what, indent=1) + "\n", encoding="utf-8")
        return
    if json.loads(path.read_text(encoding="utf-8")) != what:
        raise DeepFocusError(
            f"{folder} holds results of other settings, weights or version",
            wanted="a new folder, or one of the same benchmark to be continued",
            remedy="choose another folder or remove this one",
        )


def _record(folder: Path, seed: int) -> Path:
    return folder / "cubes" / f"{seed}.json"


def _catalogue(folder: Path, seed: int, name: str) -> Path:
    return folder / "cubes" / f"{seed}.{name}.ecsv"
