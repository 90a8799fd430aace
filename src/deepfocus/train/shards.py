"""Derived training arrays on disk, made from a list of seeds one shard at a time, resumable.

Whole cubes are never stored. A shard is an `.npz` file with the arrays of some seeds; existing
shards are not remade.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.files import whole_file
from deepfocus.jobs.workers import IN_TURN, Workers

Maker = Callable[[int], NamedArrays]

SHARD_SEEDS = 50


def build(maker: Maker, seeds: Sequence[int], folder: Path, *, workers: Workers = IN_TURN) -> None:
    """Write the arrays that `maker` derives from each seed, one shard of seeds at a time.

    maker : picklable; seed -> named arrays with one example per element of the first axis
    folder : receives the shards, named by first seed and number of seeds
    """
    shards = [seeds[i : i + SHARD_SEEDS] for i in range(0, len(seeds), SHARD_SEEDS)]
    missing = [shard for shard in shards if not _path(folder, shard).exists()]
    for _ in workers.run(partial(_write, maker, folder), missing):
        pass


def load(*folders: Path) -> NamedArrays:
    """The arrays that all shards in `folders` have in common, joined along their first axis."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.npz"))]
    shards = [np.load(path, allow_pickle=False) for path in paths]
    names = set.intersection(*(set(shard.files) for shard in shards))
    return {name: np.concatenate([shard[name] for shard in shards]) for name in sorted(names)}


def _path(folder: Path, seeds: Sequence[int]) -> Path:
    return folder / f"{seeds[0]}-{len(seeds)}.npz"


def _write(maker: Maker, folder: Path, seeds: Sequence[int]) -> None:
    made = [maker(seed) for seed in seeds]
    arrays: dict[str, Any] = {  # Any: numpy 2 has a keyword beside the arrays, numpy 1 has not
        name: np.concatenate([one[name] for one in made]) for name in made[0]
    }
    with whole_file(_path(folder, seeds)) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)
