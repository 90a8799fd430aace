"""Derived training arrays on disk: made from a list of seeds, a shard at a time, resumable.

Whole cubes are never kept. A shard is an `.npz` of the arrays of some seeds; a shard that is
there is not made again.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from deepfocus.core.files import whole_file
from deepfocus.simulate.workers import one_thread_each

Arrays = dict[str, np.ndarray]
Maker = Callable[[int], Arrays]

SHARD_SEEDS = 50


def build(
    maker: Maker, seeds: Sequence[int], folder: Path, *, workers: int = 1
) -> dict[str, np.ndarray]:
    """The arrays that `maker` derives from each seed, joined along their first axis.

    maker : picklable; seed -> named arrays, the first axis counts examples
    folder : holds the shards, named by their first seed and number
    """
    folder = Path(folder)
    jobs = [seeds[i : i + SHARD_SEEDS] for i in range(0, len(seeds), SHARD_SEEDS)]
    paths = [folder / f"{job[0]}-{len(job)}.npz" for job in jobs]
    missing = [(job, path) for job, path in zip(jobs, paths, strict=True) if not path.exists()]
    if workers <= 1 or len(missing) <= 1:
        for job, path in missing:
            _write(maker, job, path)
    else:
        # spawned, not forked: a fork of a process that has run torch or OpenMP may hang
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=one_thread_each) as pool:
            for done in [pool.submit(_write, maker, job, path) for job, path in missing]:
                done.result()
    return _joined(paths)


def _write(maker: Maker, seeds: Sequence[int], path: Path) -> None:
    made = [maker(seed) for seed in seeds]
    arrays = {name: np.concatenate([one[name] for one in made]) for name in made[0]}
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def _joined(paths: Sequence[Path]) -> Arrays:
    shards = []
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            shards.append({name: shard[name] for name in shard.files})
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}
